#!/bin/sh
# Makes ../static/vendor/codemirror.js and its licences out of the packages that
# package.json pins. Run it after changing a version here; npm is needed for that
# alone, the file it makes is checked in.
set -eu
cd "$(dirname "$0")"
out=../static/vendor
npm ci --ignore-scripts --no-audit --no-fund
mkdir -p "$out"
versions=$(node -p "Object.entries(require('./package.json').dependencies).map(([name]) => name + ' ' + require('./node_modules/' + name + '/package.json').version).join(', ')")
node node_modules/esbuild/bin/esbuild codemirror.js --bundle --minify --format=esm --target=es2022 --legal-comments=none \
  --banner:js="/* CodeMirror, MIT licence, see codemirror.LICENSE.txt. Made by internal/console/bundle/bundle.sh of $versions. */" \
  --outfile="$out/codemirror.js"
{
  echo "codemirror.js holds the packages below, each under the licence that follows its name."
  for dir in node_modules/@codemirror/* node_modules/@lezer/* node_modules/@marijn/* node_modules/crelt node_modules/style-mod node_modules/w3c-keyname; do
    echo
    node -p "const p = require('./$dir/package.json'); p.name + ' ' + p.version"
    echo
    cat "$dir/LICENSE"
  done
} > "$out/codemirror.LICENSE.txt"

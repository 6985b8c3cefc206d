// Makes the sample service from nothing with Azure's official client, then asks
// for what must be refused. Reads one JSON object from its standard input:
//   {management, token, sample, regions: [{name, endpoint, key}]}
// where sample is the folder that holds the sample's documents. Prints one JSON
// object of what it saw.
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { ApiManagementClient } from "@azure/arm-apimanagement";

// The client needs it, and Node.js 18 does not have it of itself.
globalThis.crypto ??= webcrypto;
const input = JSON.parse(await text(process.stdin));
const group = "rg-spillway", service = "spillway", api = "my-cool-openai-test";

/**
 * clientOf is a client with a token. The package's own bearer policy refuses
 * plain HTTP whatever the options say, also on loopback, so another one stands
 * in its place.
 */
function clientOf(token) {
  const client = new ApiManagementClient(
    { getToken: async () => null }, "00000000-0000-0000-0000-000000000000",
    { endpoint: input.management, allowInsecureConnection: true, retryOptions: { maxRetries: 0 } },
  );
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  client.pipeline.addPolicy({
    name: "loopbackToken",
    sendRequest: (request, next) => {
      request.headers.set("Authorization", `Bearer ${token}`);
      return next(request);
    },
  });
  return client;
}
const document = (name) => readFile(`${input.sample}/${name}`, "utf8");
const raw = (value) => ({ format: "rawxml", value });
const client = clientOf(input.token);

/**
 * readPolicy is the API's policy document and its tag. The package reads what it
 * is answered as XML, though it is JSON, and finds no value in it: the text of
 * the answer, which it hands on as well, has it.
 */
async function readPolicy() {
  let answer;
  const { eTag } = await client.apiPolicy.get(group, service, api, "policy", { format: "rawxml", onResponse: (raw) => { answer = raw.bodyAsText; } });
  return { eTag, value: JSON.parse(answer).properties.value };
}

const seen = {};

async function all(pages) {
  const names = [];
  for await (const item of pages) names.push(item.name);
  return names.sort();
}

/** refusal is what the client throws, as far as callers look at it. */
async function refusal(call) {
  try {
    return { answered: await call };
  } catch (e) {
    return { status: e.statusCode, code: e.code, message: e.details?.error?.message ?? e.message, details: e.details?.error?.details ?? [] };
  }
}

// Nothing is there yet.
seen.before = { apis: await all(client.api.listByService(group, service)), values: await all(client.namedValue.listByService(group, service)) };

// In an order in which nothing refers to what is not there yet.
seen.values = [];
for (const { name, endpoint, key } of input.regions) {
  for (const [id, value, secret] of [[`endpoint-${name}`, endpoint, false], [`key-${name}`, key, true]]) {
    const made = await client.namedValue.beginCreateOrUpdateAndWait(group, service, id, { displayName: id, value, secret, tags: ["region"] });
    seen.values.push({ name: made.name, secret: made.secret, value: made.value ?? null });
  }
}
seen.listed = (await client.namedValue.listValue(group, service, `key-${input.regions[0].name}`)).value;
const fragment = await client.policyFragment.beginCreateOrUpdateAndWait(group, service, "use-region", {
  ...raw(await document("policy fragments/use-region/policy.xml")), description: "Points the request at one region.",
});
seen.fragment = fragment.name;
await client.policy.createOrUpdate(group, service, "policy", raw(await document("policy.xml")));
const made = await client.api.beginCreateOrUpdateAndWait(group, service, api, {
  displayName: "My Cool OpenAI Test", path: "openai-test", protocols: ["https"], subscriptionRequired: true,
  subscriptionKeyParameterNames: { header: "api-key", query: "subscription-key" },
  serviceUrl: input.regions[0].endpoint, format: "openapi", value: await document(`apis/${api}/specification.yaml`),
});
seen.api = { name: made.name, id: made.id, type: made.type, path: made.path };
seen.operations = await all(client.apiOperation.listByApi(group, service, api));
const policy = await document(`apis/${api}/policy.xml`);
const written = await client.apiPolicy.createOrUpdate(group, service, api, "policy", raw(policy));
const read = await readPolicy();
seen.policy = { tag: written.eTag, sameTag: read.eTag === written.eTag, same: read.value === policy };
await client.product.createOrUpdate(group, service, "contoso", { displayName: "Contoso", state: "published", subscriptionRequired: true, approvalRequired: false });
await client.productApi.createOrUpdate(group, service, "contoso", api);
seen.product = await all(client.productApi.listByProduct(group, service, "contoso"));
await client.subscription.createOrUpdate(group, service, "contoso-chat", { displayName: "Contoso chat", scope: "/products/contoso", state: "active" });
seen.keys = await client.subscription.listSecrets(group, service, "contoso-chat").then(({ primaryKey, secondaryKey }) => ({ primaryKey, secondaryKey }));

// What APIM refuses.
seen.refused = {};
const stale = written.eTag;
await client.apiPolicy.createOrUpdate(group, service, api, "policy", raw(policy.replace("moves on to", "goes on to")), { ifMatch: stale });
seen.refused.stale = await refusal(client.apiPolicy.createOrUpdate(group, service, api, "policy", raw(policy), { ifMatch: stale }));
seen.refused.staleUpdate = await refusal(client.api.update(group, service, api, '"stale"', { description: "lost" }));
seen.refused.staleDelete = await refusal(client.product.delete(group, service, "contoso", '"stale"'));
seen.refused.absent = await refusal(client.api.get(group, service, "nope"));
seen.refused.parent = await refusal(client.apiOperation.createOrUpdate(group, service, "nope", "read", { displayName: "Read", method: "GET", urlTemplate: "/" }));
seen.refused.policyParent = await refusal(client.apiPolicy.createOrUpdate(group, service, "nope", "policy", raw(policy)));
seen.refused.token = await refusal(clientOf("wrong").api.get(group, service, api));
seen.refused.policy = await refusal(client.apiPolicy.createOrUpdate(group, service, api, "policy",
  raw("<policies>\n  <inbound>\n    <base />\n    <set-header nam=\"x\" />\n  </inbound>\n</policies>")));
seen.refused.expression = await refusal(client.apiPolicy.createOrUpdate(group, service, api, "policy",
  raw("<policies>\n  <inbound>\n    <set-variable name=\"v\" value=\"@(context.Request.Nothing)\" />\n  </inbound>\n</policies>")));
seen.refused.value = await refusal(client.namedValue.beginCreateOrUpdateAndWait(group, service, "bad name", { displayName: "bad name", value: "x" }));

// What was refused has changed nothing.
const after = await readPolicy();
seen.unchanged = after.value === policy.replace("moves on to", "goes on to");
seen.api.description = (await client.api.get(group, service, api)).description ?? null;

// One thing goes again, and is gone.
await client.namedValue.beginCreateOrUpdateAndWait(group, service, "passing", { displayName: "passing", value: "x" });
const tag = await client.namedValue.getEntityTag(group, service, "passing");
await client.namedValue.delete(group, service, "passing", tag.eTag);
seen.gone = await refusal(client.namedValue.get(group, service, "passing"));
seen.after = await all(client.namedValue.listByService(group, service, { top: 2 }));

console.log(JSON.stringify(seen));

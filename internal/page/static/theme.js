// Sets the theme that was chosen before the page is drawn, so that nothing
// flashes. A page without a choice follows the system. The page names where the
// choice is kept: <html data-theme-key="…">.
(() => {
  const root = document.documentElement;
  let theme = null;
  try {
    theme = localStorage.getItem(root.dataset.themeKey);
  } catch {
    // Storage may be forbidden; the system's theme it is.
  }
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
})();

// Sets the theme that was chosen before the page is drawn, so that nothing
// flashes. Without a choice the page follows the system.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('contoso.theme');
  } catch {
    // Storage may be forbidden; then it is the system's theme.
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();

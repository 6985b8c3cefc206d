// Sets the theme that was chosen before the page is drawn, so that nothing
// flashes. A page without a choice follows the system.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('spillway.theme');
  } catch {
    // Storage may be forbidden; the system's theme it is.
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();

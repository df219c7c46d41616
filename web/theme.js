/**
 * Sets the theme before the page is painted, so it does not flash in the other one; a classic script, since modules
 * run after the page was read. What it sets, `theme-switch.js` changes.
 */
{
  const asked = new URLSearchParams(location.search).get('theme');
  /** @type {string | null} */
  let kept = null;
  try {
    kept = localStorage.getItem('crosstalk.theme');
  } catch {
    // Storage may be forbidden; the page then follows the system.
  }
  const theme = asked ?? kept;
  document.documentElement.dataset.theme = theme === 'light' || theme === 'dark' ? theme : 'auto';
}

/** What this browser keeps for this page: the name and the theme. Without storage they last as long as the page. */

/**
 * @param {'name' | 'theme'} key
 * @returns {string} empty if nothing is kept
 */
export function kept(key) {
  try {
    return localStorage.getItem(`crosstalk.${key}`) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {'name' | 'theme'} key
 * @param {string} value
 */
export function keep(key, value) {
  try {
    localStorage.setItem(`crosstalk.${key}`, value);
  } catch {
    // Storage is forbidden or full; nothing depends on it.
  }
}

/** Finding and making elements. */

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 * @param {string} [text]
 */
export function made(name, className, text) {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Sets a text only if it is another one: no work for the browser, and a live region does not speak again.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A button that does not submit.
 * @param {string} className
 * @param {string} text
 * @param {() => void} onClick
 */
export function button(className, text, onClick) {
  const element = made('button', className, text);
  element.type = 'button';
  element.addEventListener('click', onClick);
  return element;
}

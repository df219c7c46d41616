/** Copy buttons: what they copy stands beside them. */

import { setText } from '../dom.js';

/** How long a button says that it copied, in milliseconds. */
const SAID_MS = 1_500;

export function offerCopies() {
  for (const button of document.querySelectorAll('button.copy')) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.addEventListener('click', () => void copy(button));
  }
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? '');
    setText(button, 'Copied');
  } catch {
    // Over plain HTTP from another machine there is no clipboard: the text is selected, to be copied by the keyboard.
    const code = button.closest('figure')?.querySelector('code');
    if (code) getSelection()?.selectAllChildren(code);
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), SAID_MS);
}

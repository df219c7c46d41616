/** Light, dark, or as the system has it: the button, and what it keeps. */

import { keep } from './settings.js';

/** @typedef {'auto' | 'light' | 'dark'} Theme */

/** @type {readonly Theme[]} */
const THEMES = ['auto', 'light', 'dark'];

/** @returns {Theme} */
export function theme() {
  return THEMES.find((name) => name === document.documentElement.dataset.theme) ?? 'auto';
}

/** @param {Theme} next */
export function setTheme(next) {
  document.documentElement.dataset.theme = next;
}

/**
 * Makes `button` the switch.
 * @param {HTMLButtonElement} button
 * @param {(theme: Theme) => void} [onChange]
 */
export function makeThemeSwitch(button, onChange) {
  const show = () => {
    const word = theme();
    button.setAttribute('aria-label', `Theme: ${word}`);
    button.title = `Theme: ${word === 'auto' ? "the system's" : word}`;
    const label = button.querySelector('.theme-word');
    if (label) label.textContent = word;
  };
  button.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? 'auto';
    setTheme(next);
    keep('theme', next);
    show();
    onChange?.(next);
  });
  show();
}

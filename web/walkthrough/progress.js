/** Marks the exercises with what the workshop found of the reader's own program, in the checkout that serves this page. */

import { made } from '../dom.js';

/** How often it looks, while the page is seen, in milliseconds. */
const LOOK_EVERY_MS = 2_000;
/** How long an answer may take, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;

/** @typedef {'passed' | 'fails' | ''} Mark */
/** @typedef {{ step: string, passed: string[], failed: string | null }} Track */

export class Progress {
  /** @type {HTMLElement[]} */
  #steps = [...document.querySelectorAll('[data-step]')].filter((element) => element instanceof HTMLElement);
  #last = '';

  start() {
    if (this.#steps.length > 0) void this.#look();
  }

  async #look() {
    if (!document.hidden) {
      try {
        const response = await fetch('/walkthrough/progress', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
        const text = response.ok ? await response.text() : '{}';
        if (text !== this.#last) this.#show(JSON.parse(text));
        this.#last = text;
      } catch {
        // The server is away, and will be asked again.
      }
    }
    setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** @param {Record<string, Track>} tracks */
  #show(tracks) {
    for (const element of this.#steps) {
      const [name = '', step = ''] = (element.dataset.step ?? '').split('/');
      const track = tracks[name];
      const isPassed = track?.passed.includes(step) ?? false;
      const isHere = track?.step === step && !isPassed;
      element.querySelector('.step-state')?.remove();
      if (isPassed || isHere) element.firstElementChild?.append(made('span', `step-state${isPassed ? ' is-passed' : ''}`, isPassed ? 'Yours passes' : 'You are here'));
      const checks = [...element.querySelectorAll('[data-check]')].filter((check) => check instanceof HTMLElement);
      const failing = isHere ? checks.findIndex(({ dataset }) => dataset.check === track?.failed) : -1;
      // Checks run in their order: those before the one that failed have passed.
      for (const [at, check] of checks.entries()) mark(check, isPassed || at < failing ? 'passed' : at === failing ? 'fails' : '');
    }
  }
}

/**
 * @param {HTMLElement} check
 * @param {Mark} mark
 */
function mark(check, mark) {
  check.dataset.mark = mark;
  check.querySelector('.mark')?.remove();
  if (mark !== '') check.prepend(made('span', 'mark hidden', mark === 'passed' ? 'Yours passes: ' : 'Yours fails: '));
}

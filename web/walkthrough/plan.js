/**
 * A plan, on a page that presents: what it takes of the chapter is left, in its minutes, with the ways to the chapters before
 * and after it.
 */

/** A plan of this name, and its chapters around this one. @typedef {{ name: string, previous?: HTMLAnchorElement, next?: HTMLAnchorElement }} Plan */

/**
 * @param {string | null} name
 * @returns {Plan | undefined} nothing, and the whole page, if no plan of this name has a part of it
 */
export function follow(name) {
  const ways = [...document.querySelectorAll('.plan-way')].filter((way) => way instanceof HTMLElement);
  const way = ways.find(({ dataset }) => dataset.plan === name);
  if (name === null || !way) return undefined;
  const parts = new Map((way.dataset.parts ?? '').split(' ').map((part) => /** @type {[string, string]} */ (part.split(':'))));
  let isTaken = false;
  for (const section of document.querySelectorAll('section.idea')) {
    if (!(section instanceof HTMLElement)) continue;
    const minutes = parts.get(section.id);
    // What takes no time of its own goes with what stands before it.
    if (section.dataset.minutes !== undefined) isTaken = minutes !== undefined;
    if (minutes !== undefined) section.dataset.minutes = minutes;
    // No idea of this page any more; it stays, for scripts may look for what is in it.
    section.classList.toggle('idea', isTaken);
    section.hidden = !isTaken;
  }
  /** @type {Plan} */
  const plan = { name };
  for (const link of way.querySelectorAll('a')) plan[link.rel === 'prev' ? 'previous' : 'next'] = link;
  return plan;
}

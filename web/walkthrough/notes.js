/** The notes' window: what is said to the slide that the other window shows, what comes next, and the time. */

import { made, setText } from '../dom.js';
import { clock, openStage } from './stage.js';

export function showNotes() {
  document.documentElement.classList.add('notes-window');
  const view = made('main', 'notes-view');
  const head = made('p', 'clock');
  const [time, minutes, place] = [made('strong', ''), made('span', ''), made('span', '')];
  head.append(time, minutes, place);
  const title = made('h1', '', 'Waiting for the slides');
  const said = made('div', 'said');
  const upcoming = made('p', 'upcoming', 'They are the same page with ?present; keys move them from here too.');
  view.append(head, title, said, upcoming);
  document.body.append(view);
  let shown = '';

  const say = openStage((cue) => {
    if (cue.type === 'turn') location.assign(`${cue.path}?notes`);
    if (cue.type !== 'at') return;
    setText(time, `${cue.isRunning ? '▶' : '‖'} ${clock(cue.seconds)}`);
    time.classList.toggle('is-over', cue.seconds > cue.planned * 60);
    setText(minutes, `planned up to here: ${cue.planned} of ${cue.total} min`);
    setText(place, cue.place);
    setText(title, cue.title);
    setText(upcoming, cue.next === '' ? 'This is the last one.' : `Then: ${cue.next}`);
    if (cue.section === shown) return;
    shown = cue.section;
    said.replaceChildren(...notesOf(cue.section));
    scrollTo(0, 0);
  });
  addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, PageDown: 1, ' ': event.shiftKey ? -1 : 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    say({ type: 'move', by });
  });
  say({ type: 'where' });
}

/**
 * What is said to a section: its own notes, else those of the idea that it belongs to; and what people get wrong in its step.
 * @param {string} id
 */
function notesOf(id) {
  const section = document.getElementById(id);
  if (!section) return [];
  const own = section.querySelectorAll('.notes');
  const notes = own.length > 0 ? [...own] : ideaOf(section).flatMap((other) => [...other.querySelectorAll('.notes')]);
  /** @type {Node[]} */
  const said = notes.flatMap((notes) => [...notes.cloneNode(true).childNodes]);
  const mistakes = section.querySelector('.mistakes');
  if (mistakes) said.push(made('h2', '', 'What people get wrong, and what the check says then'), mistakes.cloneNode(true));
  return said.length > 0 ? said : [made('p', 'upcoming', 'No notes to this one.')];
}

/**
 * The sections from the heading that this one is under up to the next such heading.
 * @param {Element} section
 */
function ideaOf(section) {
  const all = [...document.querySelectorAll('section.idea')];
  const isHead = (/** @type {Element | undefined} */ other) => other instanceof HTMLElement && other.dataset.level !== '3';
  let from = all.indexOf(section);
  while (from > 0 && !isHead(all[from])) from -= 1;
  const after = all.findIndex((other, at) => at > from && isHead(other));
  return all.slice(from, after < 0 ? undefined : after);
}

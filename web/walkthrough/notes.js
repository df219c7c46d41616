/** The notes' window: what is said to the slide that the other window shows, what comes next, and the time. */

import { find, made, setText } from '../dom.js';
import { clock, cutSlides, minutesTo, openStage, titleOf } from './stage.js';

export function showNotes() {
  const slides = cutSlides();
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
  let shown = -1;

  const say = openStage((cue) => {
    const slide = cue.type === 'at' ? slides[cue.slide] : undefined;
    if (cue.type !== 'at' || !slide) return;
    const planned = minutesTo(slides, cue.slide);
    setText(time, `${cue.isRunning ? '▶' : '‖'} ${clock(cue.seconds)}`);
    time.classList.toggle('is-over', cue.seconds > planned * 60);
    setText(minutes, `planned up to here: ${planned} of ${find('page', HTMLElement).dataset.minutes} min`);
    setText(place, `${cue.slide + 1} of ${slides.length}`);
    if (cue.slide === shown) return;
    shown = cue.slide;
    setText(title, titleOf(slide));
    said.replaceChildren(...notesOf(slide));
    const next = slides[cue.slide + 1];
    setText(upcoming, next ? `Then: ${titleOf(next)}` : 'This is the last one.');
  });
  addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowRight' || key === ' ' || key === 'PageDown') say({ type: 'move', by: 1 });
    if (key === 'ArrowLeft' || key === 'PageUp') say({ type: 'move', by: -1 });
  });
  say({ type: 'where' });
}

/** @param {HTMLElement} slide */
function notesOf(slide) {
  const notes = [...slide.querySelectorAll('.notes')].flatMap((notes) => [...notes.cloneNode(true).childNodes]);
  return notes.length > 0 ? notes : [made('p', 'upcoming', 'No notes to this one.')];
}

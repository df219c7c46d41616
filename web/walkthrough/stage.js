/** What the slides and their notes say to one another, from one window of a browser to another. */

import { isObject } from '../protocol.js';

/** So that only windows on the same page are in step. */
const NAME = `crosstalk.walkthrough ${location.pathname}`;

/**
 * `at`: the slide that is shown, and the timer. `move`: so many slides on. `where`: the notes were opened.
 * @typedef {{ type: 'at', slide: number, seconds: number, isRunning: boolean }
 *   | { type: 'move', by: number } | { type: 'where' }} Cue
 */

/**
 * @param {(cue: Cue) => void} onCue
 * @returns {(cue: Cue) => void} says one
 */
export function openStage(onCue) {
  const channel = new BroadcastChannel(NAME);
  channel.addEventListener('message', ({ data }) => {
    const cue = read(data);
    if (cue) onCue(cue);
  });
  return (cue) => channel.postMessage(cue);
}

/**
 * @param {unknown} value
 * @returns {Cue | undefined}
 */
function read(value) {
  if (!isObject(value)) return undefined;
  const { type, slide, seconds, isRunning, by } = value;
  if (type === 'where') return { type };
  if (type === 'move' && typeof by === 'number') return { type, by };
  if (type === 'at' && typeof slide === 'number' && typeof seconds === 'number' && typeof isRunning === 'boolean') return { type, slide, seconds, isRunning };
  return undefined;
}

/**
 * The slides of this page: its sections; a step and a recording are slides of their own, behind the section they are in.
 * @returns {HTMLElement[]}
 */
export function cutSlides() {
  /** @type {HTMLElement[]} */
  const slides = [];
  for (const section of document.querySelectorAll('section.idea')) {
    if (!(section instanceof HTMLElement)) continue;
    slides.push(section);
    let last = section;
    for (const part of section.querySelectorAll(':scope > :is(.step, .recording)')) {
      const slide = document.createElement('section');
      slide.className = 'idea';
      slide.id = `${section.id}--${slides.length}`;
      slide.dataset.level = '3';
      slide.dataset.title = part.querySelector('.step-head strong, figcaption')?.textContent ?? titleOf(section);
      slide.append(part);
      last.after(slide);
      last = slide;
      slides.push(slide);
    }
    // What was said behind a step is said with the section.
    for (const notes of section.querySelectorAll('.notes')) section.append(notes);
  }
  return slides;
}

/** @param {HTMLElement} slide */
export function titleOf(slide) {
  return slide.dataset.title ?? slide.querySelector('h1, h2, h3')?.textContent ?? '';
}

/**
 * The minutes that the slides up to this one take.
 * @param {HTMLElement[]} slides
 * @param {number} at
 */
export function minutesTo(slides, at) {
  return slides.slice(0, at + 1).reduce((sum, slide) => sum + Number(slide.dataset.minutes ?? 0), 0);
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

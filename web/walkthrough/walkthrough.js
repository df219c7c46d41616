/**
 * A page of the walkthrough: the theme, copying, live panels; slides by `?present`, what a plan takes of them by
 * `?present&plan=NAME`, their notes by `?notes`.
 */

import { find } from '../dom.js';
import { makeThemeSwitch } from '../theme-switch.js';
import { offerCopies } from './copy.js';
import { Live } from './live.js';
import { showNotes } from './notes.js';
import { follow } from './plan.js';
import { Progress } from './progress.js';
import { Slides } from './slides.js';

const query = new URLSearchParams(location.search);
const plan = query.has('present') ? follow(query.get('plan')) : undefined;
const live = query.has('notes') ? undefined : new Live();

makeThemeSwitch(find('theme-switch', HTMLButtonElement), () => live?.themed());
if (query.has('notes')) {
  showNotes();
} else {
  offerCopies();
  void live?.start();
  new Progress().start();
  // Once the calculator has its figures: its script comes after this one.
  if (query.has('present')) addEventListener('DOMContentLoaded', () => new Slides(plan).start(query.has('end')));
}

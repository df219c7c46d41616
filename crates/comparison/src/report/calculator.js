// The calculator: reads between measured points, never beyond them, and names the case of each.
//
// For a figure, a series has measured points: at a rate, an audience, a delay, a payload. `read` starts at the one that
// is nearest, and then moves along one parameter after another, on lines of points that share all the rest: by sums for
// times, by factors for costs, as if parameters acted each by itself. Where all points lie on one line, that is
// interpolation and no more; where it moved along two, the answer says "about".

const AXES = ['rate', 'audience', 'delay', 'payload'];
const WORDS = { rate: 'messages a second', audience: 'clients', delay: 'ms each way', payload: 'B of text' };
/** Figures that grow by sums; the others by factors. */
const SUMS = new Set(['p50', 'p99']);

/**
 * @typedef {{ case: string, rate: number, audience: number, delay: number, payload: number,
 *   figures: Record<string, number> }} Point
 * @typedef {{ value: number, cases: string[], moved: number } | { why: string }} Reading
 */

/** The scale on which a parameter is read between two points. @param {string} axis @param {number} value */
function scaled(axis, value) {
  return axis === 'rate' || axis === 'audience' ? Math.log(Math.max(value, 1e-9)) : value;
}

/**
 * What a series costs at a setting.
 * @param {Point[]} all @param {string} figure @param {Record<string, number>} at @param {string[]} axes
 * @returns {Reading}
 */
export function read(all, figure, at, axes = AXES) {
  const points = all.filter((point) => Number.isFinite(point.figures[figure]));
  if (points.length === 0) return { why: 'not measured' };
  for (const axis of axes) {
    const values = points.map((point) => point[axis]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    if (at[axis] < least || at[axis] > most) {
      const range = least === most ? `only ${number(least)}` : `${number(least)} to ${number(most)}`;
      return { why: `measured: ${range} ${WORDS[axis]}` };
    }
  }
  const off = (point) =>
    axes.reduce((sum, axis) => sum + Math.abs(scaled(axis, at[axis]) - scaled(axis, point[axis])) / spread(points, axis), 0);
  const bases = [...points].sort((one, other) => off(one) - off(other));
  for (const base of bases) {
    const reading = from(base, points, figure, at, axes);
    if (reading) return reading;
  }
  return { why: 'not measured in this combination' };
}

/** How far apart the points lie along a parameter. */
function spread(points, axis) {
  const values = points.map((point) => scaled(axis, point[axis]));
  return Math.max(...values) - Math.min(...values) || 1;
}

/** From one measured point along each parameter that differs; nothing if a line does not reach. */
function from(base, points, figure, at, axes) {
  const cases = new Set([base.case]);
  let value = base.figures[figure];
  let moved = 0;
  for (const axis of axes) {
    if (at[axis] === base[axis]) continue;
    const line = points
      .filter((point) => axes.every((other) => other === axis || point[other] === base[other]))
      .sort((one, other) => one[axis] - other[axis]);
    const above = line.find((point) => point[axis] >= at[axis]);
    const below = line.findLast((point) => point[axis] <= at[axis]);
    if (!above || !below) return undefined;
    const width = scaled(axis, above[axis]) - scaled(axis, below[axis]);
    const part = width === 0 ? 0 : (scaled(axis, at[axis]) - scaled(axis, below[axis])) / width;
    const there = between(below.figures[figure], above.figures[figure], part, axis, figure);
    const here = base.figures[figure];
    if (SUMS.has(figure)) value += there - here;
    else if (here !== 0) value *= there / here;
    else if (there !== 0) return undefined;
    cases.add(below.case).add(above.case);
    moved += 1;
  }
  return { value, cases: [...cases], moved };
}

/** Between two values: costs over rate and audience by their logarithms, where they have one. */
function between(low, high, part, axis, figure) {
  const byLogarithm = !SUMS.has(figure) && (axis === 'rate' || axis === 'audience') && low > 0 && high > 0;
  return byLogarithm ? low * (high / low) ** part : low + (high - low) * part;
}

/** Three significant digits, thousands grouped. @param {number} value */
export function number(value) {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}

/** A value in the unit that suits its size. @param {number} value @param {[number, string][]} units largest first */
export function inUnit(value, units) {
  const [size, unit] = units.find(([size]) => Math.abs(value) >= size) ?? units[units.length - 1];
  return `${number(value / size)} ${unit}`;
}

const TIME = [[1e6, 's'], [1e3, 'ms'], [1, 'µs']];
const OCTETS = [[1024 ** 3, 'GiB'], [1024 ** 2, 'MiB'], [1024, 'KiB'], [1, 'B']];
const RATE = [[1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1e3, 'kbit/s'], [1, 'bit/s']];

/**
 * The columns: the figures that each needs, and what it says of them.
 * Phones are clients with a round trip of their own; the server's costs are those of the mixture.
 */
const COLUMNS = [
  { title: 'server CPU', figures: ['cpu'], says: ([cpu], of) => `${number((cpu * of.rate * of.audience) / 1e4)} % of a core` },
  { title: 'on the wire', figures: ['octets'], says: ([octets], of) => inUnit(octets * 8 * of.rate * of.audience, RATE) },
  { title: 'requests', figures: ['requests'], says: ([requests], of) => `${number(requests * of.rate * of.audience)} /s` },
  { title: 'delay, median', figures: ['p50'], each: true, says: ([p50]) => inUnit(p50, TIME) },
  { title: 'delay, 99 %', figures: ['p99'], each: true, says: ([p99]) => inUnit(p99, TIME) },
  { title: 'memory', figures: ['process', 'kernel'], says: ([process, kernel], of) => inUnit((process + kernel) * of.audience, OCTETS) },
  { title: 'packets of a phone at rest', figures: ['segments'], idle: true, says: ([segments]) => `${number(segments * 3600)} /h` },
];

/** What a column reads: for wired clients, for phones, mixed by their share where the server pays for both. */
function cell(points, column, of) {
  const of_ = (delay) => column.figures.map((figure) => reading(points, figure, { ...of, delay }, column.idle));
  const readings = { wired: of.phones < 1 ? of_(of.delay) : undefined, phones: of.phones > 0 ? of_(of.phoneDelay) : undefined };
  const parts = Object.entries(readings).filter(([, list]) => list);
  const missing = parts.flatMap(([, list]) => list).find((one) => 'why' in one);
  if (missing) return { why: missing.why };
  const all = parts.flatMap(([, list]) => list);
  const cases = [...new Set(all.flatMap((one) => one.cases))];
  const about = all.some((one) => one.moved > 1) ? 'about ' : '';
  const value = (list) => column.says(list.map((one) => one.value), of);
  if (column.each && parts.length === 2) {
    return { text: `${about}${value(readings.wired)}; phones ${value(readings.phones)}`, cases };
  }
  const share = (name) => (parts.length < 2 ? 1 : name === 'phones' ? of.phones : 1 - of.phones);
  const mixed = column.figures.map((_, index) => parts.reduce((sum, [name, list]) => sum + share(name) * list[index].value, 0));
  return { text: about + column.says(mixed, of), cases };
}

/** A figure at a setting; at rest, and for memory, only what was measured at rest may be read, whatever the rate. */
function reading(points, figure, of, idle) {
  const resting = points.filter((point) => point.rate === 0);
  const busy = points.filter((point) => point.rate > 0);
  if (idle) {
    // A packet at rest is a ping or an empty answer: neither audience, delay nor payload changes it much, and one is said.
    const found = resting.filter((point) => Number.isFinite(point.figures[figure]));
    const [first] = found.sort((one, other) => Math.abs(one.audience - of.audience) - Math.abs(other.audience - of.audience));
    return first ? { value: first.figures[figure], cases: [first.case], moved: 0 } : { why: 'not measured' };
  }
  return read(busy, figure, of);
}

/** The row of a series: each column's text and where it came from. */
export function row(points, of) {
  return COLUMNS.map((column) => ({ title: column.title, ...cell(points, column, of) }));
}

/** Shows the calculator of a page. @param {Document} page */
export function start(page) {
  const form = page.querySelector('#calculator form');
  const body = page.querySelector('#calculator tbody');
  const data = JSON.parse(page.querySelector('#calculator-data').textContent);
  const field = (name) => form.elements[name];
  const show = () => {
    const value = (name) => field(name).valueAsNumber;
    const of = {
      rate: value('rate'), audience: value('audience'), payload: value('payload'),
      delay: value('round') / 2, phoneDelay: value('phoneRound') / 2, phones: value('phones') / 100,
    };
    const valid = form.checkValidity() && Object.values(of).every(Number.isFinite);
    page.querySelector('#calculator output').textContent = valid ? '' : 'Each field needs a number.';
    body.replaceChildren(...(valid ? data.series.map((series) => shown(page, series.title, row(series.points, of))) : []));
  };
  for (const [name, first] of Object.entries(data.start)) field(name).value = first;
  form.addEventListener('input', show);
  form.addEventListener('submit', (event) => event.preventDefault());
  show();
}

/** A row of the page. */
function shown(page, title, cells) {
  const make = (name, text) => Object.assign(page.createElement(name), { textContent: text });
  const line = page.createElement('tr');
  line.append(Object.assign(make('th', title), { scope: 'row' }));
  for (const one of cells) {
    const cell = make('td', one.text ?? `– ${one.why}`);
    cell.dataset.label = one.title;
    if (!one.text) cell.className = 'outside';
    line.append(cell);
  }
  const cases = [...new Set(cells.flatMap((one) => one.cases ?? []))];
  const from = page.createElement('td');
  from.dataset.label = 'read from';
  const details = page.createElement('details');
  const items = cases.map((id) => {
    const item = page.createElement('li');
    item.append(Object.assign(make('a', id), { href: `#${encodeURIComponent(id)}` }));
    return item;
  });
  const list = page.createElement('ul');
  list.append(...items);
  details.append(make('summary', `${cases.length} ${cases.length === 1 ? 'case' : 'cases'}`), list);
  from.append(cases.length > 0 ? details : '–');
  line.append(from);
  return line;
}

// 走访: the form at a door on a tablet, with and without a network. Without this script the plain forms work.
//
// What is written offline waits as changes, each with what it stood on and a word of its own; the server judges
// them, whatever is sent twice. Where somebody else wrote meanwhile both answers are shown, and a person chooses.

import * as vault from './visit-vault.js';

const root = document.getElementById('tablet');
// Photos are made smaller than this, so that a thin line can carry them.
const PHOTO_SIDE = 2000;
const PHOTO_BYTES = 1000000;
const UNSURE = '？';

let now = { token: '', until: 0, expired: false, word: '', book: null, said: '', locked: false };
let syncing = false;
// Whether the server answered last: a tablet may have a signal and no way through.
let reached = true;
let again = 0;
const AGAIN_MS = 5000;
// What the server says of a file that is no use as it is; whatever else it says may be otherwise next time.
const REFUSED = [400, 415, 422];
// What it says of a file it cannot take now, though it may take others.
const NOT_THIS = [403, 404, 413];

function make(tag, fields, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(fields || {})) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function callout(tone, role, ...children) {
  return make('div', { class: `callout tone-${tone}`, role }, ...children);
}

function offline() {
  return !navigator.onLine || !reached;
}

// Asks the server; without an answer it is asked again after a while.
async function reach(place, fields) {
  try {
    const answer = await fetch(place, { redirect: 'manual', cache: 'no-store', credentials: 'same-origin', ...fields });
    reached = true;
    return answer;
  } catch (error) {
    reached = false;
    clearTimeout(again);
    again = setTimeout(comeBack, AGAIN_MS);
    throw error;
  }
}

function ask(place, fields) {
  const headers = { accept: 'application/json', 'x-doudi-form': now.word, ...(fields && fields.headers) };
  return reach(place, { ...fields, headers });
}

async function reason(answer) {
  try {
    return (await answer.json()).detail || '没有办成';
  } catch {
    return `没有办成(${answer.status})`;
  }
}

function outside(answer) {
  return answer.type === 'opaqueredirect' || answer.status === 401;
}

// The session is over: what lies here can no longer be read. Unless the package still holds for whoever signs in
// again, it goes altogether.
async function sessionOver() {
  const { token } = now;
  vault.lock();
  now.book = null;
  now.locked = true;
  let over = true;
  try {
    over = token === '' || (await gone(token));
  } catch {
    return show('没有网络,草稿已上锁');
  }
  if (!over) return show('登录已经过期,草稿已上锁,还没有同步的都在;请重新登录,登录后接着同步');
  return forget('已经退出,或者账号有变动:平板上的走访内容已全部清除');
}

async function forget(said) {
  await vault.wipe();
  now = { token: '', until: 0, expired: false, word: now.word, book: null, said: '', locked: false };
  show(said);
}

async function open(answer) {
  const told = await answer.json();
  // Counted by this clock from now on, which may be wrong but goes on.
  const until = Date.now() + told.seconds * 1000;
  now = { ...now, token: told.token, until, expired: told.expired, word: told.word, locked: false };
  await vault.unlock(told.secret, told.token);
  await vault.setMeta(told.token, until, told.expired);
  await vault.edit((book) => {
    const waiting = (visit) =>
      book.changes.some((one) => one.no === visit.no) || book.photos.some((one) => one.no === visit.no);
    const gone = book.visits.filter((old) => !told.visits.some((visit) => visit.no === old.no));
    book.visits = [...told.visits, ...gone.filter(waiting)];
  });
  await read();
}

// Out for too long: it is locked, and nothing is lost; whoever took it signs in again and it is sent.
function lockLate() {
  if (!vault.isOpen() || !now.until || Date.now() < now.until) return;
  vault.lock();
  now.book = null;
  now.locked = true;
  show('离线时间到了,草稿已上锁,还没有同步的都在;请重新登录,登录后接着同步');
}

async function read() {
  now.book = vault.isOpen() ? await vault.book() : null;
}

async function ready() {
  await navigator.serviceWorker.register('/visit-worker.js', { scope: '/visit' });
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((done) => {
      navigator.serviceWorker.addEventListener('controllerchange', done, { once: true });
      setTimeout(done, 3000);
    });
  }
  vault.share();
}

async function take() {
  show('正在带到平板…');
  try {
    if (now.token && !vault.isOpen()) return show('平板上还有上锁的草稿,请带走的人先登录同步,再带新的');
    if (waiting() > 0) await sync();
    if (waiting() > 0) return show('还有没有同步的,请先同步,再带新的');
    now.word = root.dataset.word || now.word;
    const answer = await ask('/visit-package', { method: 'POST' });
    if (outside(answer)) return sessionOver();
    if (!answer.ok) return show(await reason(answer));
    if (now.token) await vault.wipe();
    await open(answer);
    await ready();
    return show(`已带到平板 ${now.book.visits.length} 家,没有网络也能填`);
  } catch {
    return show('没有带成:网络断了,请在有网络的地方再试');
  }
}

async function reopen(token) {
  now.token = token;
  const answer = await ask('/visit-package', { headers: { 'x-doudi-package': token } });
  if (outside(answer)) return sessionOver();
  if (answer.status === 410) return forget('离线包已经失效,平板上的走访内容已全部清除');
  if (!answer.ok) {
    now.locked = true;
    return show(await reason(answer));
  }
  await open(answer);
  return ready();
}

function waiting() {
  if (!now.book) return 0;
  const visits = new Set(now.book.changes.map((one) => one.no));
  return visits.size + now.book.photos.length;
}

function word() {
  return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

function fieldOf(book, no, key) {
  const visit = book.visits.find((one) => one.no === no);
  const all = visit ? visit.parts.flatMap((part) => part.fields) : [];
  return all.find((field) => field.key === key);
}

// Writes an answer down. Of one question only the newest word waits; one that may be on its way stays beside it.
async function write(no, key, value, base) {
  await vault.edit((book) => {
    const field = fieldOf(book, no, key);
    if (!field) return;
    book.changes = book.changes.filter((one) => one.no !== no || one.key !== key || (one.sent && !one.differs));
    const resting = !book.changes.some((one) => one.no === no && one.key === key);
    if (value === '' || (resting && base === undefined && value === field.value)) return;
    book.seq += 1;
    book.changes.push({
      id: word(), seq: book.seq, no, key, value,
      base: base === undefined ? field.base : base, said_at: new Date().toISOString(), sent: false,
    });
  });
  await read();
  show('');
  sync();
}

// Theirs is chosen: ours is let go.
async function theirs(change) {
  await vault.edit((book) => {
    book.changes = book.changes.filter((one) => one.id !== change.id);
    const field = fieldOf(book, change.no, change.key);
    if (field) {
      field.value = change.differs.theirs;
      field.base = change.differs.base;
    }
  });
  await read();
  show('', change.no);
}

function settle(book, change, told) {
  if (!told) return;
  if (told.outcome === 'differs') {
    change.differs = { theirs: told.theirs, by: told.by, base: told.base };
    return;
  }
  book.changes = book.changes.filter((one) => one.id !== change.id);
  if (told.outcome === 'refused') book.refused.push({ ...change, said: told.said });
}

async function syncVisit(no) {
  const sent = await vault.edit((book) => {
    const due = book.changes.filter((one) => one.no === no && !one.differs);
    for (const one of due) one.sent = true;
    return due;
  });
  if (sent.length === 0) return true;
  const changes = sent.map((one) => {
    const [person, ...fact] = one.key.split(':');
    const { id, seq, value, base, said_at } = one;
    return { id, seq, person: Number(person), fact: fact.join(':'), value, base, said_at };
  });
  const body = JSON.stringify({ package: now.token, now: new Date().toISOString(), changes });
  const headers = { 'content-type': 'application/json' };
  const answer = await ask(`/visit/${no}/sync`, { method: 'POST', headers, body });
  if (outside(answer)) return sessionOver().then(() => false);
  if (answer.status === 410) return forget('离线包已经失效,平板上的走访内容已全部清除').then(() => false);
  if (!answer.ok) {
    now.said = await reason(answer);
    return false;
  }
  const told = await answer.json();
  now.said = told.said;
  await vault.edit((book) => {
    for (const one of sent) {
      const held = book.changes.find((other) => other.id === one.id);
      if (held) settle(book, held, told.changes.find((other) => other.id === one.id));
    }
    if (told.visit) book.visits = book.visits.map((visit) => (visit.no === no ? told.visit : visit));
    else book.visits = book.visits.filter((visit) => visit.no !== no);
  });
  return true;
}

function photoForm(photo, body) {
  const form = new FormData();
  form.append('form', now.word);
  form.append('role', photo.role);
  form.append('label', photo.label);
  form.append('said_at', photo.said_at);
  form.append('file', new Blob([body], { type: photo.type }), photo.name);
  return form;
}

// Asks again when the server wants it.
function later(answer) {
  const seconds = Number(answer.headers.get('retry-after')) || 30;
  clearTimeout(again);
  again = setTimeout(comeBack, seconds * 1000);
}

async function syncPhoto(photo) {
  const body = await vault.get(photo.id);
  const answer = body && (await ask(`/visit/${photo.no}/photos`, { method: 'POST', body: photoForm(photo, body) }));
  if (answer && outside(answer)) return sessionOver().then(() => false);
  const refused = answer && REFUSED.includes(answer.status);
  if (answer && !answer.ok && !refused) {
    now.said = `照片“${photo.label || photo.name}”还没有传上,留在平板上:${await reason(answer)}`;
    if (NOT_THIS.includes(answer.status)) return true;
    later(answer);
    return false;
  }
  const said = refused ? await reason(answer) : '';
  const told = answer && answer.ok ? await answer.json() : null;
  if (told && told.elsewhere > 0) now.said = '有照片和别的办件用的是同一份,请核对是不是传错了';
  await vault.edit((book) => {
    if (refused) book.photos.find((one) => one.id === photo.id).said = said;
    else book.photos = book.photos.filter((one) => one.id !== photo.id);
  });
  if (!refused) await vault.remove(photo.id);
  return true;
}

async function sync() {
  if (syncing || offline() || !vault.isOpen() || !now.word) return;
  syncing = true;
  try {
    await navigator.locks.request('doudi-sync', async () => {
      await read();
      const visits = [...new Set(now.book.changes.map((one) => one.no))];
      for (const no of visits) if (!(await syncVisit(no))) return;
      for (const photo of now.book.photos.filter((one) => !one.said)) if (!(await syncPhoto(photo))) return;
    });
  } catch (error) {
    if (reached) throw error;
  } finally {
    syncing = false;
  }
  await read();
  if (now.expired && now.book && waiting() === 0 && now.book.refused.length === 0) {
    return forget('离线时间过了,写的都已同步,平板上的已清除;要接着走访,请重新带到平板');
  }
  show(now.said);
  // Something was written while we were at it.
  if (now.book && now.book.changes.some((one) => !one.sent && !one.differs)) return sync();
  return undefined;
}

async function gone(token) {
  return (await reach(`/visit-package/${token}`)).status === 410;
}

async function comeBack() {
  if (!navigator.onLine) return;
  reached = true;
  try {
    if (now.token && (!vault.isOpen() || !now.word)) await reopen(now.token);
    else if (now.token && (await gone(now.token))) await forget('离线包已经失效,平板上的走访内容已全部清除');
    await sync();
  } catch (error) {
    if (reached) throw error;
    show('');
  }
}

// A photo that is too large for a thin line is made smaller here; else it stays what it is, with what the camera
// wrote beside it. What cannot be read here stays what it is too: the server says what is wrong with it.
async function fitting(file) {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < PHOTO_BYTES) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
    let share = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
    for (let tries = 0; tries < 6; tries += 1, share *= 0.8) {
      const side = (length) => Math.max(1, Math.round(length * share));
      const sheet = make('canvas', { width: side(picture.width), height: side(picture.height) });
      sheet.getContext('2d').drawImage(picture, 0, 0, sheet.width, sheet.height);
      const blob = await new Promise((done) => sheet.toBlob(done, 'image/jpeg', 0.8));
      if (blob && blob.size < PHOTO_BYTES) return blob;
    }
  } catch {
    return file;
  }
  return file;
}

async function keepPhoto(no, role, label, file, name) {
  const photo = { id: word(), no, role, label, name, type: file.type, said_at: new Date().toISOString(), said: '' };
  if (now.book && now.book.visits.some((visit) => visit.no === no)) {
    await vault.put(photo.id, await file.arrayBuffer());
    await vault.edit((book) => {
      book.photos.push(photo);
    });
    await read();
    show('照片已存在平板上');
    await sync();
    return true;
  }
  try {
    now.word = now.word || formWord();
    const answer = await ask(`/visit/${no}/photos`, { method: 'POST', body: photoForm(photo, await file.arrayBuffer()) });
    if (answer.ok) return true;
    show(outside(answer) ? '请重新登录' : await reason(answer));
  } catch {
    show('没有网络,这一家没有带到平板,没有保存');
  }
  return false;
}

function formWord() {
  const held = document.querySelector('main input[name="form"]');
  return held ? held.value : '';
}

// A sheet to sign on.
function signing(no, login, done) {
  const sheet = make('canvas', { width: 900, height: 300, role: 'img', 'aria-label': '签名板,用手指或者笔写' });
  const pen = sheet.getContext('2d');
  let drawn = false;
  const clear = () => {
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.lineWidth = 5;
    pen.lineCap = 'round';
    drawn = false;
  };
  const at = (event) => {
    const box = sheet.getBoundingClientRect();
    return [((event.clientX - box.left) * sheet.width) / box.width, ((event.clientY - box.top) * sheet.height) / box.height];
  };
  sheet.addEventListener('pointerdown', (event) => {
    sheet.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...at(event));
  });
  sheet.addEventListener('pointermove', (event) => {
    if (event.buttons === 0) return;
    pen.lineTo(...at(event));
    pen.stroke();
    drawn = true;
  });
  clear();
  const who = make('input', { class: 'form-control', maxlength: 60, autocomplete: 'off', value: login });
  const told = make('p', { class: 'hint', role: 'status' });
  const keep = async () => {
    if (!drawn || who.value.trim() === '') {
      told.textContent = '请先写明是谁签,再签名';
      return;
    }
    const blob = await new Promise((ready) => sheet.toBlob(ready, 'image/png'));
    if (await keepPhoto(no, 'signature', who.value.trim(), blob, 'signature.png')) {
      clear();
      told.textContent = '签名已收下';
      done();
    }
  };
  return make('details', { class: 'signing' }, make('summary', {}, '当场签名'),
    make('div', { class: 'stack' },
      make('label', {}, '谁签(本人写自己的账号,住户写“住户”;别的调查人用自己的账号签才算)', who), sheet, told,
      make('p', { class: 'actions' },
        make('button', { class: 'btn btn-outline-primary', type: 'button', onclick: keep }, '存签名'), ' ',
        make('button', { class: 'btn btn-outline-primary', type: 'button', onclick: clear }, '重签'))));
}

// Both answers, and who chooses.
function conflicts(no) {
  const all = now.book ? now.book.changes.filter((one) => one.differs && (!no || one.no === no)) : [];
  return all.map((change) => {
    const fact = change.key.split(':').slice(1).join(':');
    const { theirs: other, by, base } = change.differs;
    return callout('urgent', 'alert', make('div', {},
      make('b', {}, `走访 № ${change.no} “${fact}”有两个答案`),
      make('p', {}, `您填的是“${change.value}”,${by} 填的是“${other}”。请选一个。`),
      make('div', { class: 'both' },
        make('button', { class: 'btn btn-primary', type: 'button', onclick: () => write(change.no, change.key, change.value, base) }, `用我填的“${change.value}”`),
        make('button', { class: 'btn btn-outline-primary', type: 'button', onclick: () => theirs(change) }, `用 ${by} 填的“${other}”`))));
  });
}

function refusals() {
  const drop = (list, id) => async () => {
    await vault.edit((book) => {
      book[list] = book[list].filter((one) => one.id !== id);
    });
    if (list === 'photos') await vault.remove(id);
    await read();
    show('');
  };
  const line = (list, one, what) => callout('notice', 'alert', make('div', {},
    make('p', {}, `走访 № ${one.no} ${what}没有收:${one.said}`),
    make('button', { class: 'btn btn-outline-primary', type: 'button', onclick: drop(list, one.id) }, '知道了,去掉')));
  if (!now.book) return [];
  return [
    ...now.book.refused.map((one) => line('refused', one, `“${one.key.split(':').slice(1).join(':')}”填的“${one.value}”`)),
    ...now.book.photos.filter((one) => one.said).map((one) => line('photos', one, `照片“${one.label || one.name}”`)),
  ];
}

function control(no, field) {
  const pending = now.book.changes.filter((one) => one.no === no && one.key === field.key).pop();
  const value = pending ? pending.value : field.value;
  const change = (event) => write(no, field.key, event.target.value);
  const mark = { 'data-key': field.key, onchange: change };
  if (field.choices.length === 0) {
    return make('input', { class: 'form-control', maxlength: 60, autocomplete: 'off', value, ...mark });
  }
  const lines = [...field.choices.map((one) => [one, one]), [UNSURE, '说不清']];
  if (value === '') lines.unshift(['', '没有看']);
  return make('select', { class: 'form-select', ...mark },
    ...lines.map(([one, said]) => make('option', { value: one, selected: one === value }, said)));
}

function formOf(visit) {
  const part = (one) => make('details', { class: 'panel', open: true },
    make('summary', {}, one.relation ? `${one.name}(${one.relation})` : one.name),
    ...one.fields.map((field) => make('label', {},
      `${field.fact}${field.required ? '(必填)' : ''}`,
      make('small', {}, ` ${field.question}${field.hint ? `(${field.hint})` : ''}`),
      control(visit.no, field))));
  const label = make('input', { class: 'form-control', maxlength: 60, autocomplete: 'off' });
  const chosen = make('input', { class: 'form-control', type: 'file', accept: 'image/jpeg,image/png,image/webp,application/pdf', multiple: true });
  chosen.addEventListener('change', async () => {
    for (const file of [...chosen.files]) await keepPhoto(visit.no, 'photo', label.value.trim(), await fitting(file), file.name);
    chosen.value = '';
  });
  return [
    make('h2', {}, `${visit.title} № ${visit.no} · ${visit.place}`),
    visit.asks ? callout('notice', null, `要核实:${visit.asks}`) : null,
    make('p', { class: 'hint' }, `${visit.record}:填一项存一项,加密存在平板上,有网络就同步。联网以后再办完。`),
    make('form', { class: 'stack', onsubmit: (event) => event.preventDefault() }, ...visit.parts.map(part)),
    make('section', { class: 'panel', 'aria-label': '照片和签名' }, make('h3', {}, '照片和签名'),
      make('p', { class: 'hint' }, '经住户同意才拍,只拍要核实的。'),
      make('div', { class: 'stack' }, make('label', {}, '照片说明(不写姓名和号码)', label), make('label', {}, '拍照或者选照片', chosen)),
      signing(visit.no, '', () => {})),
    make('p', {}, make('a', { href: '/visits' }, '回到走访清单')),
  ];
}

function offlineList() {
  if (!now.book) return [];
  return [make('section', { class: 'panel', 'aria-label': '平板上的走访' }, make('h2', {}, `平板上带着 ${now.book.visits.length} 家`),
    make('ul', {}, ...now.book.visits.map((visit) => make('li', {},
      make('a', { href: `/visit/${visit.no}` }, `№ ${visit.no} ${visit.title} · ${visit.place}`)))))];
}

function banner() {
  const many = waiting();
  if (now.locked || (now.token && !vault.isOpen())) return ['unknown', '平板上的草稿已上锁'];
  if (offline() && now.book) return ['notice', `离线,${many} 份未同步`];
  if (!now.book) return null;
  if (many > 0) return ['notice', `${many} 份未同步`];
  return ['good', `已同步,平板上带着 ${now.book.visits.length} 家`];
}

const slots = { line: make('div'), said: make('div'), choices: make('div', { class: 'stack' }), acts: make('div') };
const body = make('div', { class: 'stack' });
let drawnFor = '';

// The form is drawn once; then only values change, and never under the finger of whoever writes.
function draw() {
  const found = /^\/visit\/(\d+)$/.exec(location.pathname);
  const visit = found && now.book && now.book.visits.find((one) => one.no === Number(found[1]));
  const fields = visit ? visit.parts.flatMap((part) => part.fields) : [];
  const drawn = visit ? `${visit.no}:${fields.map((field) => field.key).join()}` : `${now.book ? now.book.visits.length : 0}`;
  if (drawn !== drawnFor) {
    drawnFor = drawn;
    body.replaceChildren(...(visit ? formOf(visit).filter(Boolean) : offlineList()));
    return;
  }
  for (const node of body.querySelectorAll('[data-key]')) {
    const key = node.dataset.key;
    const pending = now.book.changes.filter((one) => one.no === visit.no && one.key === key).pop();
    const value = pending ? pending.value : fields.find((field) => field.key === key).value;
    if (node !== document.activeElement && node.value !== value) node.value = value;
  }
}

// What is the same stays as it is: a button must not be taken away from under a finger.
function put(name, children) {
  const fresh = make('div', {}, ...children);
  if (slots[name].innerHTML !== fresh.innerHTML) slots[name].replaceChildren(...fresh.childNodes);
}

function show(said) {
  if (said !== undefined && said !== '') now.said = said;
  const page = root.dataset.page;
  const line = banner();
  put('line', line ? [callout(line[0], 'status', make('b', {}, line[1]))] : []);
  put('said', now.said ? [make('p', { class: 'hint', role: 'status' }, now.said)] : []);
  const found = /^\/visit\/(\d+)$/.exec(location.pathname);
  put('choices', [...conflicts(found ? Number(found[1]) : 0), ...refusals()]);
  const button = (text, onclick) => make('p', { class: 'actions' }, make('button', { class: 'btn btn-outline-primary', type: 'button', onclick }, text));
  const acts = [];
  if (page === 'list') acts.push(button('带到平板', take));
  if (waiting() > 0 && !offline()) acts.push(button('现在同步', sync));
  if (page === 'offline' && !now.token) {
    acts.push(make('p', { class: 'empty' }, '平板上没有带走的走访。有网络时请打开走访清单,点“带到平板”。'));
  }
  put('acts', acts);
  if (page === 'offline') draw();
  root.dataset.waiting = String(waiting());
}

// On the page of the server: a form sent without network goes into the drafts.
function catchForm() {
  const form = document.getElementById('answers');
  const no = Number(root.dataset.no);
  if (!form) return;
  form.addEventListener('submit', async (event) => {
    if (!offline()) return;
    event.preventDefault();
    if (!now.book || !now.book.visits.some((visit) => visit.no === no)) {
      show('没有网络,这一家没有带到平板,还没有保存;请不要关掉这一页,有网络了再保存');
      return;
    }
    for (const [name, value] of new FormData(form)) {
      const key = name.startsWith('v:') ? name.slice(2) : '';
      const field = key && fieldOf(now.book, no, key);
      if (field && value !== '' && value !== field.value) await write(no, key, value);
    }
    show('已存在平板上,有网络了会同步;办完要等有网络');
  });
}

// Leaving takes everything along; what was not sent is told first.
function catchLeaving() {
  document.addEventListener('submit', (event) => {
    const to = new URL(event.target.action, location.href).pathname;
    if (to !== '/sign-out') return;
    // What somebody else took along stays, locked.
    if (now.token && !vault.isOpen()) return;
    const many = waiting();
    if (many > 0 && !confirm(`还有 ${many} 份没有同步,退出以后就没有了。确定退出吗?`)) {
      event.preventDefault();
      return;
    }
    vault.wipe();
  });
}

async function begin() {
  const able = window.isSecureContext && 'serviceWorker' in navigator && window.indexedDB && navigator.locks;
  const sheet = document.getElementById('signing');
  if (sheet) sheet.append(signing(Number(sheet.dataset.no), sheet.dataset.login, () => {}));
  if (!able) return;
  catchForm();
  catchLeaving();
  window.addEventListener('online', comeBack);
  window.addEventListener('offline', () => show(''));
  setInterval(() => {
    vault.stay();
    lockLate();
  }, 15000);
  const held = await vault.meta();
  if (held) {
    now.token = held.token;
    now.until = held.until;
    now.expired = Boolean(held.expired);
    await vault.ask();
    lockLate();
    await read();
  }
  now.word = root.dataset.word || formWord();
  show('');
  if (held) await comeBack();
}

if (root) {
  root.className = 'tablet';
  root.append(...Object.values(slots), body);
  begin();
}

// 平板上的草稿箱: what lies on a tablet is sealed with a key that is in memory only, here and in the worker.
//
// The key comes from a word the server gives for a package, and cannot be taken out. With the last page closed
// and the worker asleep it is gone; then only the server can give the word again, to whoever took the package.

const NAME = 'doudi-tablet';
const META = 'meta';
const SEALED = 'sealed';
const BOOK = 'book';

let key = null;

const text = new TextEncoder();

function asked(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(META, { keyPath: 'id' });
    request.result.createObjectStore(SEALED, { keyPath: 'id' });
  };
  return asked(request);
}

// One turn at the database; it is closed behind it, so that it can be wiped at any time.
async function turn(store, mode, what) {
  const base = await open();
  try {
    const line = base.transaction(store, mode);
    const over = new Promise((done, failed) => {
      line.oncomplete = () => done();
      line.onabort = () => failed(line.error);
      line.onerror = () => failed(line.error);
    });
    const answer = await what(line.objectStore(store));
    await over;
    return answer;
  } finally {
    base.close();
  }
}

function worker() {
  return navigator.serviceWorker && navigator.serviceWorker.controller;
}

function bytes(hex) {
  return Uint8Array.from(hex.match(/../g) || [], (two) => parseInt(two, 16));
}

/** Which package lies here: its word, until when by this clock, whether it only waits to be sent. Opens nothing. */
export async function meta() {
  return (await turn(META, 'readonly', (store) => asked(store.get('package')))) || null;
}

/** Writes down which package lies here. */
export function setMeta(token, until, expired) {
  return turn(META, 'readwrite', (store) => asked(store.put({ id: 'package', token, until, expired })));
}

/** Makes the key out of the word the server gave; it cannot be taken out of it. */
export async function unlock(secret, token) {
  const word = bytes(secret);
  const root = await crypto.subtle.importKey('raw', word, 'HKDF', false, ['deriveKey']);
  word.fill(0);
  key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: text.encode(token), info: text.encode('doudi/tablet/1') },
    root,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
  share();
}

/** Gives the key to the worker, which keeps it while pages come and go. */
export function share() {
  const held = worker();
  if (key && held) held.postMessage({ does: 'hold', key });
}

/** Asks the worker for the key. */
export async function ask() {
  const held = worker();
  if (key || !held) return Boolean(key);
  const line = new MessageChannel();
  const told = new Promise((done) => {
    line.port1.onmessage = (event) => done(event.data);
    setTimeout(() => done(null), 1500);
  });
  held.postMessage({ does: 'ask' }, [line.port2]);
  key = (await told) || null;
  return Boolean(key);
}

/** Keeps the worker awake. */
export function stay() {
  const held = worker();
  if (key && held) held.postMessage({ does: 'stay' });
}

/** Whether what lies here can be read now. */
export function isOpen() {
  return Boolean(key);
}

/** Forgets the key, here and in the worker. */
export function lock() {
  key = null;
  const held = worker();
  if (held) held.postMessage({ does: 'forget' });
}

/** Forgets the key and everything that was sealed with it. */
export async function wipe() {
  lock();
  await asked(indexedDB.deleteDatabase(NAME));
}

async function seal(id, plain) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const way = { name: 'AES-GCM', iv, additionalData: text.encode(id) };
  return { id, iv, body: await crypto.subtle.encrypt(way, key, plain) };
}

async function unseal(row) {
  const way = { name: 'AES-GCM', iv: row.iv, additionalData: text.encode(row.id) };
  return crypto.subtle.decrypt(way, key, row.body);
}

/** Keeps bytes under a name that says nothing. */
export async function put(id, plain) {
  const row = await seal(id, plain);
  await turn(SEALED, 'readwrite', (store) => asked(store.put(row)));
}

/** The bytes of a name. */
export async function get(id) {
  const row = await turn(SEALED, 'readonly', (store) => asked(store.get(id)));
  return row ? unseal(row) : null;
}

/** Lets bytes go. */
export function remove(id) {
  return turn(SEALED, 'readwrite', (store) => asked(store.delete(id)));
}

/** Everything of the package but its photos. */
export async function book() {
  const plain = await get(BOOK);
  return plain ? JSON.parse(new TextDecoder().decode(plain)) : null;
}

/** Changes the book; of two pages at once one waits. */
export function edit(change) {
  return navigator.locks.request(NAME, async () => {
    const now = (await book()) || { visits: [], changes: [], photos: [], refused: [], seq: 0 };
    const answer = await change(now);
    await put(BOOK, text.encode(JSON.stringify(now)));
    return answer;
  });
}

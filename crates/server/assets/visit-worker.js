// Answers where there is no network: an empty page and what it needs, the same for everybody. Nothing of anybody
// is kept in a cache. The key of what is sealed is held in memory while pages come and go, and nowhere else.
'use strict';

const NAME = 'doudi-__NAME__';
const FILES = __FILES__;
const SHELL = '/visit-tablet';

let held = null;

async function keep() {
  const cache = await caches.open(NAME);
  await Promise.all(
    FILES.map(async (file) => {
      const answer = await fetch(file, { credentials: 'omit', cache: 'no-store' });
      if (!answer.ok) throw new Error(file);
      await cache.put(file, answer);
    }),
  );
  await self.skipWaiting();
}

async function begin() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('doudi-') && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const cache = await caches.open(NAME);
    const shell = await cache.match(SHELL);
    if (!shell) throw error;
    return shell;
  }
}

async function file(request, path) {
  const cache = await caches.open(NAME);
  return (await cache.match(path)) || fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(begin()));

self.addEventListener('message', (event) => {
  const { does, key } = event.data || {};
  if (does === 'hold') held = key;
  if (does === 'forget') held = null;
  if (does === 'ask' && event.ports[0]) event.ports[0].postMessage(held);
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const place = new URL(request.url);
  if (request.method !== 'GET' || place.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    event.respondWith(page(request));
  } else if (place.pathname.startsWith('/assets/') && FILES.includes(place.pathname)) {
    event.respondWith(file(request, place.pathname));
  }
});

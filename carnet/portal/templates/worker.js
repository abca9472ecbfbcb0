// The service worker: it keeps the assets of one page that holds nothing of anybody, and answers with that page when there is no network.
// The emergency card is put into its cache by the page of the card alone, when the person asks for it. No other page or answer is ever kept.
"use strict";
const PAGE = {{ offline | tojson }};
const ASSETS = {{ assets | tojson }};
const OURS = "carnet-pages-{{ mark }}";
const CARDS = "carnet-cartes";
// Signing in and out, activation, cards that others read by a code, and the professionals' pages: never touched.
const APART = /^\/(connexion|deconnexion|activation|urgence\/lecture|pro|AccesDirect)(\/|$)/;

const fill = async () => {
  const cache = await caches.open(OURS);
  const asked = [...ASSETS, PAGE].map((path) => new Request(path, { credentials: "omit", cache: "no-cache" }));
  await cache.addAll(asked);
  await self.skipWaiting();
};

const tidy = async () => {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== OURS && name !== CARDS).map((name) => caches.delete(name)));
  await self.clients.claim();
};

const kept = async (path) => (await (await caches.open(OURS)).match(path)) || Response.error();

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (ASSETS.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => kept(pathname)));
  } else if (request.mode === "navigate" && request.destination === "document" && !APART.test(pathname)) {
    event.respondWith(fetch(request).catch(() => kept(PAGE)));
  }
});

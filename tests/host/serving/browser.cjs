// As much of a browser as the SDK for web pages needs, before its script runs.
const { JSDOM } = require("jsdom");

const { window } = new JSDOM("<!doctype html><html><body></body></html>", {
  url: "http://shop.example/cart",
});
window.fetch = globalThis.fetch;
const names = ["window", "document", "localStorage", "location", "navigator"];
for (const name of [...names, "addEventListener", "removeEventListener"]) {
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
}

// Notes what happens to the page: layout shifts, when the banner is first seen, and when a script that
// stands right behind the snippet gets its answer. `banner` and `ask` are what differs between the variants.
window.probe = (function () {
  var noted = { shift: 0, banner: null, answer: null, at_once: false };

  new PerformanceObserver(function (list) {
    list.getEntries().forEach(function (entry) {
      noted.shift += entry.value;
    });
  }).observe({ type: "layout-shift", buffered: true });

  function isSeen(element) {
    if (!element) return false;
    var box = element.getBoundingClientRect();
    var style = getComputedStyle(element);
    var inside = box.width > 0 && box.height > 0 && box.top < innerHeight && box.bottom > 0;
    return inside && style.visibility === "visible" && Number(style.opacity) > 0;
  }

  function attempt(ask) {
    try {
      return ask();
    } catch (_) {
      return undefined;
    }
  }

  function look() {
    if (isSeen(attempt(function () { return {{ banner }}; }))) noted.banner = performance.now();
    else requestAnimationFrame(look);
  }
  requestAnimationFrame(look);

  function asked() {
    if (noted.answer === null && typeof attempt(function () { return {{ ask }}; }) === "boolean") {
      noted.answer = performance.now();
    }
    return noted.answer !== null;
  }

  function keepAsking() {
    if (!asked()) requestAnimationFrame(keepAsking);
  }

  return {
    noted: noted,
    answered: function () {
      noted.at_once = asked();
      if (noted.at_once) return;
      document.addEventListener("DOMContentLoaded", asked);
      keepAsking();
    },
  };
})();

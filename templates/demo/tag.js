// adnet's tag. The answer that brought it has set adnet's cookie, as far as the browser took it.
(function () {
  var adnet = new URL(document.currentScript.src).origin;
  var box = document.getElementById("adnet-box");
  box.textContent = "adnet: tag ran";
  fetch(adnet + "/hit", { credentials: "include" })
    .then(function (answer) {
      return answer.json();
    })
    .then(function (hit) {
      box.textContent = hit.recognised
        ? "adnet: tag ran, cookie set. It knows this browser again on every site that embeds it."
        : "adnet: tag ran, its cookie was blocked by the browser.";
    });
})();

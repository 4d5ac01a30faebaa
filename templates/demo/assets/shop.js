// Shows what the flag says. Asking costs nothing, so once a second will do: the basis may change where the answers
// don't, and then there is no event.
(function () {
  var names = ["sale", "share", "sensitive", "basis", "gpc", "us_privacy", "as_of"];
  var list = document.getElementById("flag-says");
  var shown = "";

  function show() {
    var flag = window.privacyChoices.flag();
    if (JSON.stringify(flag) === shown) return;
    shown = JSON.stringify(flag);
    list.replaceChildren();
    names.forEach(function (name) {
      var pair = document.createElement("div");
      var term = document.createElement("dt");
      var says = document.createElement("dd");
      term.textContent = name;
      says.textContent = String(flag[name]);
      says.id = "flag-" + name.replace("_", "-");
      pair.append(term, says);
      list.append(pair);
    });
  }

  show();
  window.addEventListener("privacychoices:change", show);
  setInterval(show, 1000);
})();

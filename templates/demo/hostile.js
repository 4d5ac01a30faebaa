// A third party's script that runs in the shop's page and tries all it can to opt the visitor in: every call of the
// service with the visitor's own token, the confirmation page by every way a page has, forged messages and clicks,
// and every function of the page's own interface. None of it may work.
(async function () {
  var script = document.querySelector('script[src*="/w/acme"]');
  var service = new URL(script.src).origin;
  var calls = service + "/v1/acme/";
  var cookie = (document.cookie.match(/(?:^|; )(?:__Host-)?pc_acme=([^;]*)/) || [])[1] || "";
  var token = cookie.split(".").slice(6).join(".");
  var list = document.getElementById("hostile-report");
  var confirmations = [];

  function report(what, came) {
    var line = document.createElement("li");
    line.textContent = what + ": " + came;
    if (list) list.append(line);
  }

  async function attempt(what, act) {
    try {
      report(what, await act());
    } catch (error) {
      report(what, error.name);
    }
  }

  async function post(call, body, options) {
    var answer = await fetch(calls + call, Object.assign({ method: "POST", body: JSON.stringify(body) }, options));
    var said = answer.type === "opaque" ? {} : await answer.json();
    if (said.confirm_url) confirmations.push(said.confirm_url);
    return answer.status + (said.flag ? " " + said.flag.basis + " sale " + said.flag.sale : "");
  }

  async function read(url, options) {
    var answer = await fetch(url, options);
    return answer.status + " " + answer.type + " " + (await answer.text()).length + " characters";
  }

  function form(url, fields, target) {
    var made = document.createElement("form");
    made.method = "post";
    made.action = url;
    made.target = target;
    Object.keys(fields).forEach(function (name) {
      var field = document.createElement("input");
      field.name = name;
      field.value = fields[name];
      made.append(field);
    });
    document.body.append(made);
    made.submit();
    made.remove();
  }

  function frame(name, url) {
    return new Promise(function (done) {
      var made = document.createElement("iframe");
      made.name = name;
      made.style.cssText = "position:fixed;opacity:0;width:600px;height:600px;top:0;left:0;pointer-events:none";
      made.onload = function () {
        done(made);
      };
      if (url) made.src = url;
      document.body.append(made);
    });
  }

  // 1. Asking for the flag in ways that might change it.
  await attempt("flag", () => read(calls + "flag?visitor=" + token));
  await attempt("flag, no signal", () => read(calls + "flag?gpc=0&sale=allowed&visitor=" + token));
  await attempt("flag, another method", () => post("flag", { sale: "allowed", visitor: token }));

  // 2. A page view that says there is no signal.
  for (const gpc of [false, null]) {
    await attempt("signals, gpc " + gpc, () => post("signals", { gpc: gpc, visitor: token }));
    await attempt("signals, gpc " + gpc + ", cookies", () =>
      post("signals", { gpc: gpc, visitor: token }, { credentials: "include" }),
    );
  }

  // 3. Every form of opting in, in every encoding.
  var optIns = [
    { sale_share: "opt_in" },
    { sale: "opt_in" },
    { share: "opt_in" },
    { sale: "opt_in", share: "opt_in", sensitive: "lift" },
    { sale: "opt_in", share: "opt_out" },
    { sensitive: "lift" },
    { sale_share: "opt_in", age: 30 },
    { sale_share: "opt_in", incentive: { id: "club", do: "join" } },
    { sale_share: "opt_in", step: "confirmed", basis: "affirmed", confirmed: true },
    { sale_share: "opt_in", made_at: "2030-01-01T00:00:00Z" },
  ];
  for (const choice of optIns) {
    await attempt("choices " + JSON.stringify(choice), () =>
      post("choices", Object.assign({ method: "banner", visitor: token }, choice)),
    );
  }
  for (const method of ["link", "page", "settings", "form", "phone", "email", "agent", "account", "import", "other"]) {
    await attempt("choices by " + method, () =>
      post("choices", { sale_share: "opt_in", method: method, visitor: token }),
    );
  }
  var optIn = { sale_share: "opt_in", method: "banner", visitor: token };
  var json = { headers: { "content-type": "application/json" } };
  await attempt("choices as JSON", () => post("choices", optIn, json));
  await attempt("choices with cookies", () => post("choices", optIn, { credentials: "include" }));
  await attempt("choices, opaque", () => post("choices", optIn, { mode: "no-cors", credentials: "include" }));
  await attempt("choices, same id", async () => {
    var twice = Object.assign({ id: "6f1a3a52-1d38-4bd5-9f1a-9f6f4b1c7e11" }, optIn);
    return (await post("choices", twice)) + ", then " + (await post("choices", twice));
  });
  await attempt("choices by beacon", async () => navigator.sendBeacon(calls + "choices", JSON.stringify(optIn)));
  await frame("hostile-choices");
  await attempt("choices by form", async () => form(calls + "choices", optIn, "hostile-choices"));

  // 4. The second step, without a person. A confirmation page dies with the next choice, so each try gets its own.
  report("confirmation pages handed out", confirmations.length);
  async function confirmation() {
    await post("choices", optIn);
    return confirmations[confirmations.length - 1];
  }
  function pressed(url) {
    return new URLSearchParams({ form_token: url.split("/").pop() });
  }
  var withCookies = { credentials: "include" };
  var opaque = Object.assign({ mode: "no-cors" }, withCookies);
  await attempt("confirm: read", async () => read(await confirmation(), withCookies));
  await attempt("confirm: read, opaque", async () => read(await confirmation(), opaque));
  await attempt("confirm: post", async () => {
    var url = await confirmation();
    return read(url, Object.assign({ method: "POST", body: pressed(url) }, withCookies));
  });
  await attempt("confirm: post, opaque", async () => {
    var url = await confirmation();
    return read(url, Object.assign({ method: "POST", body: pressed(url) }, opaque));
  });
  await attempt("confirm: beacon", async () => {
    var url = await confirmation();
    return navigator.sendBeacon(url, pressed(url));
  });
  await attempt("confirm: a hidden frame", async () => {
    var hidden = await frame("hostile-confirm", await confirmation());
    hidden.contentWindow.postMessage({ privacychoices: "confirm" }, "*");
    hidden.focus();
    return hidden.contentDocument ? "readable" : "closed to this page";
  });
  await attempt("confirm: a form into a frame", async () => {
    var url = await confirmation();
    var hidden = await frame("hostile-form");
    var posted = new Promise((done) => (hidden.onload = done));
    form(url, { form_token: url.split("/").pop() }, "hostile-form");
    await posted;
    return hidden.contentDocument ? "readable" : "closed to this page";
  });
  await attempt("confirm: a frame without an origin", async () => {
    var url = await confirmation();
    var hidden = document.createElement("iframe");
    hidden.setAttribute("sandbox", "allow-scripts allow-forms");
    hidden.srcdoc =
      '<form method="post" action="' + url + '"><input name="form_token" value="x"></form>' +
      "<script>document.forms[0].submit()</" + "script>";
    document.body.append(hidden);
    return new Promise((done) => (hidden.onload = () => done("posted")));
  });
  await attempt("confirm: a tab of our own", async () => {
    var tab = window.open(await confirmation());
    if (!tab) return "blocked";
    tab.postMessage({ privacychoices: "confirm" }, "*");
    return "opened, and nothing in it can be reached";
  });

  // 5. The service's own page about the choices.
  var choicesPage = service + "/s/acme/privacy-choices";
  var allowing = { form_token: "x", do: "allow" };
  await attempt("choices page: read", () => read(choicesPage, withCookies));
  await attempt("choices page: post, opaque", () =>
    read(choicesPage, Object.assign({ method: "POST", body: new URLSearchParams(allowing) }, opaque)),
  );
  await attempt("choices page: a hidden frame", async () => {
    var hidden = await frame("hostile-page", choicesPage);
    return hidden.contentDocument ? "readable" : "closed to this page";
  });
  await attempt("choices page: a form into a frame", async () => {
    var hidden = await frame("hostile-page-form");
    var posted = new Promise((done) => (hidden.onload = done));
    form(choicesPage, allowing, "hostile-page-form");
    await posted;
    return hidden.contentDocument ? "readable" : "closed to this page";
  });
  await attempt("choices page: handed over and fetched back", async () => {
    var handed = new URLSearchParams({ visitor: token, state: "known", back: location.href });
    await read(choicesPage + "/open", Object.assign({ method: "POST", body: handed }, opaque));
    await read(choicesPage + "/back", opaque);
    return post("signals", { gpc: false, visitor: token, result: "1.forged.x", state: "known" });
  });

  // 6. Forged word that a person confirmed.
  await attempt("message from here", async () => window.postMessage({ privacychoices: "confirmed" }, "*"));
  await attempt("message with a forged origin", async () =>
    window.dispatchEvent(new MessageEvent("message", { origin: service, data: { privacychoices: "confirmed" } })),
  );
  await attempt("forged event", async () =>
    window.dispatchEvent(
      new CustomEvent("privacychoices:change", { detail: { sale: "allowed", share: "allowed", basis: "affirmed" } }),
    ),
  );

  // 7. The page's own interface, and forged clicks on everything it shows.
  var api = window.privacyChoices;
  for (const name of Object.keys(api)) {
    if (typeof api[name] !== "function" || name === "optOut") continue;
    await attempt("privacyChoices." + name, async () => {
      for (const given of [[], [true], ["opt_in"], [{ sale_share: "opt_in" }], ["change", () => {}]]) api[name](...given);
      return "called";
    });
  }
  await attempt("forged clicks", async () => {
    var host = document.getElementById("privacy-choices");
    var buttons = host ? Array.from(host.shadowRoot.querySelectorAll("button")) : [];
    buttons
      .filter((button) => !/opt-out|switch|more/.test(button.id)) // "more" leads away from here
      .forEach((button) => {
        button.click();
        button.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true }));
      });
    var toggle = host && host.shadowRoot.querySelector("[role=switch]");
    if (toggle && toggle.getAttribute("aria-checked") === "false") toggle.click();
    return buttons.length + " buttons";
  });
  await attempt("the flag overwritten by itself", async () => {
    var flag = api.flag();
    flag.sale = flag.share = "allowed";
    return api.flag().sale;
  });

  await attempt("flag, at last", async () => {
    var answer = await fetch(calls + "flag?visitor=" + token);
    var flag = await answer.json();
    return flag.basis + ", sale " + flag.sale + ", share " + flag.share;
  });
  document.documentElement.dataset.hostile = "done";
})();

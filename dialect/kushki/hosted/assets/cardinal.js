// What browser libraries of this API use of Cardinal's songbird: they set it up, continue with an issuer's
// challenge, and wait for its end. The challenge is shown in a dialog; its last page is the gateway's, and says here
// that it is over. Whether it was passed is asked of the gateway afterwards.
"use strict";
{
  const home = new URL(document.currentScript.src).origin;
  const setUp = "payments.setupComplete";
  const validated = "payments.validated";
  const listeners = new Map();
  let ready = false;

  const texts = navigator.language.startsWith("en")
    ? { title: "Your bank's confirmation", close: "Cancel" }
    : { title: "Confirmación de su banco", close: "Cancelar" };

  const fire = (event, ...data) => {
    for (const listener of [...(listeners.get(event) ?? [])]) listener(...data);
  };

  const outcome = (passed, number, text) => ({
    Validated: passed,
    ActionCode: passed ? "SUCCESS" : "FAILURE",
    ErrorNumber: number,
    ErrorDescription: text,
    Payment: { Type: "CCA" },
  });

  // open shows the issuer's page and answers once: with what the gateway's last page says, or with null.
  const open = (address, payload, transaction) => new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", texts.title);
    Object.assign(dialog.style, {
      width: "min(430px, 96vw)", height: "min(640px, 94vh)", padding: "0", border: "0", borderRadius: "8px", overflow: "hidden",
    });
    const frame = document.createElement("iframe");
    frame.name = "pasarela-challenge-" + transaction;
    frame.title = texts.title;
    Object.assign(frame.style, { display: "block", width: "100%", height: "calc(100% - 44px)", border: "0" });
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = texts.close;
    Object.assign(close.style, {
      display: "block", width: "100%", height: "44px", border: "0", background: "#eef1f5", color: "#1b2430", font: "inherit", cursor: "pointer",
    });
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: address, target: frame.name, hidden: true });
    const creq = document.createElement("input");
    Object.assign(creq, { type: "hidden", name: "creq", value: payload });
    form.append(creq);
    dialog.append(close, frame, form);

    const end = (told) => {
      removeEventListener("message", hear);
      dialog.remove();
      resolve(told);
    };
    const hear = (event) => {
      const told = event.data;
      const ours = event.origin === home && event.source === frame.contentWindow;
      if (ours && told && told.authenticationTransactionId === transaction) end(told);
    };
    addEventListener("message", hear);
    close.addEventListener("click", () => end(null));
    dialog.addEventListener("cancel", () => end(null)); // the Escape key
    document.body.append(dialog);
    dialog.showModal();
    form.submit();
  });

  window.Cardinal = {
    configure() {},
    setup(kind) {
      if (kind !== "init") return;
      setTimeout(() => {
        ready = true;
        fire(setUp, { sessionId: "", modules: [] });
      });
    },
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      // A library begins to listen once other answers are there: what has happened by then is told to it alone.
      if (event === setUp && ready) setTimeout(() => listeners.get(event)?.includes(listener) && listener({ sessionId: "", modules: [] }));
    },
    off(event) { listeners.delete(event); },
    trigger() { return Promise.resolve({ status: true }); },
    async continue(kind, challenge, order) {
      if (kind !== "cca") return;
      const told = await open(challenge.AcsUrl, challenge.Payload, order.OrderDetails.TransactionId);
      if (told === null) fire(validated, outcome(false, 10011, "Canceled"), "");
      else fire(validated, outcome(told.success, 0, told.success ? "Success" : "Failure"), "");
    },
  };
}

// Sends the form that a cardholder without JavaScript sends by its button.
"use strict";
for (const form of document.querySelectorAll("form[data-submit]")) {
  form.submit();
}

// Tells the page that holds this frame what came of the challenge, and nobody else: the origin is the merchant's.
// Opened outside a frame, it goes to the merchant's page, as the link does.
"use strict";
{
  const { origin, message, address } = document.getElementById("told").dataset;
  const holder = window.parent !== window ? window.parent : window.opener;
  if (holder && origin) holder.postMessage(JSON.parse(message), origin);
  else if (address) location.replace(address);
}

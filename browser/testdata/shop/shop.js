// What a shop's page does: it keeps an instance of the library, and hands back what the library's callbacks are
// given. The library has no option for its host; it reads this table at each request.
import { Kushki } from "@kushki/js";
import { EnvironmentEnum } from "@kushki/js/lib/infrastructure/EnvironmentEnum";

let kushki;

window.shop = {
  open(gateway, merchantId) {
    EnvironmentEnum.uat = gateway + "/";
    kushki = new Kushki({ merchantId, inTestEnvironment: true });
  },
  ask: (method, ...body) => new Promise((answer) => kushki[method](...body, answer)),
};

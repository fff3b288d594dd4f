// Brings what whip_calls.mjs needs, which itself runs where there is no network.

import { npm_packages, pion_whip_program, simple_whip_server } from "./install.mjs";

await Promise.all([npm_packages(), pion_whip_program(), simple_whip_server()]);

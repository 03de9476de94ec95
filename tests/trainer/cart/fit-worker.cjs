// What the pool's threads run in tests: the program's main file does the same.
require("ts-node/register/transpile-only");
const { serveFits } = require("../../../trainer/src/cart/worker");

serveFits();

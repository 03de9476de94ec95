// Fits ml-cart's tree once and prints the time. Usage: `node fit-ml-cart.cjs ORDER`; see FitOrder in
// bench/sections/fit.ts.
import { DecisionTreeClassifier } from "ml-cart";
import type { FitOrder, FitReport } from "../sections/fit";
import { readTable } from "./table";

const order = JSON.parse(process.argv[2] ?? "") as FitOrder;
const { columns, y } = readTable(order.file, order.rows);
const x = Array.from(y, (_, row) => columns.map((column) => column[row] ?? 0));
const labels = [...y];
const tree = new DecisionTreeClassifier({
    gainFunction: "gini",
    splitFunction: "mean",
    minNumSamples: order.minNumSamples,
    maxDepth: order.maxDepth,
    gainThreshold: 0,
});
const started = performance.now();
tree.train(x, labels);
const report: FitReport = {
    seconds: (performance.now() - started) / 1000,
    leaves: countLeaves((tree.toJSON() as { root: Node }).root),
};
console.log(JSON.stringify(report));

interface Node {
    left?: Node;
    right?: Node;
}

function countLeaves(node: Node): number {
    return node.left === undefined || node.right === undefined ? 1 : countLeaves(node.left) + countLeaves(node.right);
}

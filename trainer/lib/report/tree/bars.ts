import { type Html, html } from "../html";
import type { HueOf } from "../hues";
import { coordinate } from "../numbers";
import type { NodeView } from "./read-tree";

/** The smallest and the largest mean among the nodes shown. */
export type MeanRange = readonly [low: number, high: number];

export function meanRange(root: NodeView): MeanRange {
    let low = Infinity;
    let high = -Infinity;
    const visit = ({ answer, split }: NodeView): void => {
        if ("mean" in answer) {
            low = Math.min(low, answer.mean);
            high = Math.max(high, answer.mean);
        }
        if (split !== undefined) {
            visit(split.yes);
            visit(split.no);
        }
    };
    visit(root);
    return [low, high];
}

/** Relative position of a mean in the range, 0 to 1. */
export function positionInRange(mean: number, [low, high]: MeanRange): number {
    return high > low ? (mean - low) / (high - low) : 0.5;
}

/** A node's shares side by side, or its mean as a point on a line. The text next to it gives the same information. */
export function nodeBar({ answer }: NodeView, range: MeanRange, hueOf: HueOf): Html {
    if ("mean" in answer) {
        const x = coordinate(3 + 94 * positionInRange(answer.mean, range));
        return html`<svg class="bar" aria-hidden="true"><rect class="track" y="2" width="100%" height="2"/><circle
            class="fill" cx="${x}%" cy="3" r="3"/></svg>`;
    }
    let start = 0;
    const parts = answer.classes.map(({ label, share }) => {
        const x = start;
        start += share * 100;
        return html`<rect class="fill ${hueOf(label)}" x="${coordinate(x)}%" width="${coordinate(share * 100)}%" height="6"/>`;
    });
    return html`<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="6"/>${parts}</svg>`;
}

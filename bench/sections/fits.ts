import path from "node:path";
import { FEATURES, matrixFile } from "../data/generated";
import { BUNDLES, PEERS, PYTHON } from "../paths";
import { formatCount, formatSeconds, formatSpread } from "../results/format";
import { spreadOf } from "../results/statistics";
import type { ResultTable } from "../results/types";
import { alternate } from "../tools/alternate";
import { type Command, runForJson } from "../tools/command";

/** One fit: what a peer gets as its only argument, as JSON. */
export interface FitOrder {
    /** A table, see `matrixFile`. */
    readonly file: string;
    readonly rows: number;
    readonly maxDepth: number;
    /** A node with so many rows or fewer is a leaf. */
    readonly minNumSamples: number;
    readonly threads: number;
    readonly forest?: { readonly trees: number; readonly maxFeatures: number };
}

/** What a peer prints. */
export interface FitReport {
    /** Of the fit alone, data in memory; sorting, and starting threads, are part of it. */
    readonly seconds: number;
    /** Of all trees. */
    readonly leaves: number;
}

/** Who fits. */
export type Peer = "ours" | "scikit-learn" | "ml-cart";

/** Medians that a target compares. */
export interface Comparison {
    readonly rows: number;
    readonly peers: readonly Peer[];
    readonly reports: Readonly<Record<Peer, FitReport[]>>;
}

/** Lets peers fit the same table in turn, each time in a new process. */
export async function compareFits(
    peers: readonly Peer[],
    order: Omit<FitOrder, "file">,
    repeats: number,
): Promise<Comparison> {
    const file = await matrixFile(order.rows);
    const argument = JSON.stringify({ ...order, file });
    const reports = await alternate(peers, repeats, async (peer) => {
        const report = await runForJson<FitReport>(commandOf(peer, argument));
        console.log(`${peer} ${formatCount(order.rows)} rows: ${formatSeconds(report.seconds)}`);
        return report;
    });
    return { rows: order.rows, peers, reports };
}

function commandOf(peer: Peer, argument: string): Command {
    switch (peer) {
        case "ours":
            return { program: process.execPath, args: [path.join(BUNDLES, "fit-ours.cjs"), argument] };
        case "ml-cart":
            return { program: process.execPath, args: [path.join(BUNDLES, "fit-ml-cart.cjs"), argument] };
        case "scikit-learn":
            return { program: PYTHON, args: [path.join(PEERS, "fit.py"), argument] };
    }
}

/** Our median time beside a peer's. */
export function ratioTo(peer: Peer, { reports }: Comparison): number {
    return spreadOf(secondsOf(reports.ours)).median / spreadOf(secondsOf(reports[peer])).median;
}

/** A row for each number of rows and peer. */
export function tableOfFits(caption: string, comparisons: readonly Comparison[]): ResultTable {
    return {
        caption,
        header: ["rows × features", "peer", "fit", "ours ÷ peer", "repeats", "leaves"],
        rows: comparisons.flatMap((comparison) =>
            comparison.peers.map((peer) => {
                const reports = comparison.reports[peer];
                return [
                    `${formatCount(comparison.rows)} × ${FEATURES}`,
                    peer,
                    formatSpread(spreadOf(secondsOf(reports)), formatSeconds),
                    peer === "ours" ? "" : ratioTo(peer, comparison).toPrecision(3),
                    String(reports.length),
                    formatCount(reports[0]?.leaves ?? 0),
                ];
            }),
        ),
    };
}

function secondsOf(reports: readonly FitReport[]): number[] {
    return reports.map((report) => report.seconds);
}

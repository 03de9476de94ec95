import path from "node:path";

export const PROJECT = path.join(__dirname, "..");
/** Everything that the bench makes for itself; ignored by git. */
export const WORK = path.join(PROJECT, ".bench");
export const PYTHON = path.join(WORK, "venv/bin/python");
export const PEERS = path.join(__dirname, "peers");
/** The trainer's bundle, as the image has it. */
export const TRAINER = path.join(WORK, "bundles/trainer/train.cjs");
/** Bundles of the peers that are written in TypeScript. */
export const BUNDLES = path.join(WORK, "bundles");

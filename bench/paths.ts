import path from "node:path";

export const PROJECT = path.join(__dirname, "..");
/** Files that the bench creates; git ignores them. */
export const WORK = path.join(PROJECT, ".bench");
export const PYTHON = path.join(WORK, "venv/bin/python");
export const PEERS = path.join(__dirname, "peers");
/** The trainer's bundle, identical to the one in the image. */
export const TRAINER = path.join(WORK, "bundles/trainer/train.cjs");
/** Bundles for the contenders written in TypeScript. */
export const BUNDLES = path.join(WORK, "bundles");

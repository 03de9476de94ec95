import { parseFaultRule } from "../../../emulator/src";
import { type How, type Moments, problemOf } from "./bench";
import { anyLine, interruptAgain, lineOf, removalOf, repair } from "./trials";

/** Runs trials that have no result yet. */
export interface Record {
    readonly isOver: boolean;
    readonly only: string;
    readonly known: Set<string>;
    run(rule: string, trial: () => ReturnType<typeof repair>): Promise<void>;
}

type Phase = (moments: Moments, record: Record) => Promise<void>;

/** A chain of interruptions, each of which continues from the stack that the previous one left. */
interface Chain {
    /** The text with which the rule of each trial begins. */
    readonly title: string;
    /** The name of the moment from which the chain starts, and the name of the one that the interruptions change. */
    readonly from: string;
    readonly moment: string;
    readonly command: "up" | "destroy";
    readonly how: How;
    readonly delayMs: number;
    readonly pattern: (done: readonly string[], only: string) => RegExp;
    readonly config?: Readonly<{ [key: string]: unknown }>;
}

/** Interrupts a command at each resource in turn. @returns true if the command has ended without an interruption */
async function interruptAll(moments: Moments, record: Record, chain: Chain): Promise<boolean> {
    const { title, moment, pattern, config = {}, ...at } = chain;
    const doneIn = () =>
        [...record.known].flatMap((rule) =>
            rule.startsWith(`${title}: `) && rule.endsWith(", then destroy")
                ? [rule.slice(title.length + 2, -", then destroy".length)]
                : [],
        );
    if (!moments.has(moment)) {
        moments.copy(chain.from, moment);
    }
    while (!record.isOver) {
        const done = doneIn();
        const name = await interruptAgain(moments, moment, moment, {
            ...at,
            config,
            pattern: pattern(done, record.only),
        });
        if (name === undefined) {
            return true;
        }
        moments.copy(moment, "interrupted");
        for (const then of ["up", "destroy"] as const) {
            await record.run(`${title}: ${name}, then ${then}`, () => repair(moments, "interrupted", then, config));
        }
    }
    return false;
}

async function ensureEmpty(moments: Moments): Promise<void> {
    if (!moments.has("empty")) {
        await moments.init("empty");
    }
}

/** A stack whose run has succeeded. */
async function ensureComplete(moments: Moments): Promise<void> {
    await ensureEmpty(moments);
    if (!moments.has("complete")) {
        const problem = await moments.use("empty", "completing", ({ project }) => problemOf(project.up()));
        if (problem !== undefined) {
            throw new Error(`up without interruptions failed:\n${problem}`);
        }
        moments.copy("completing", "complete");
    }
}

const creations =
    (how: How, delayMs: number, byType: boolean): Phase =>
    async (moments, record) => {
        await ensureEmpty(moments);
        const title = `${how} ${delayMs / 1000} s into the creation of`;
        await interruptAll(moments, record, {
            title,
            from: "empty",
            moment: `creating by ${how} at ${delayMs}`,
            command: "up",
            how,
            delayMs,
            pattern: (done, only) => lineOf("creating", done, only, byType),
        });
    };

const deletions: Phase = async (moments, record) => {
    await ensureComplete(moments);
    const common = { from: "complete", command: "destroy", how: "kill -9" } as const;
    const chains = [
        {
            title: "kill -9 during the deletion of",
            delayMs: 100,
            pattern: (done: readonly string[], only: string) => lineOf("deleting", done, only),
        },
        { title: "kill -9 while the cleanup removes the", delayMs: 500, pattern: removalOf },
    ];
    for (const chain of chains) {
        await interruptAll(moments, record, { ...common, ...chain, moment: chain.title });
    }
};

/** Config changes that update, replace, create or delete resources. */
const CHANGES: Readonly<{ [title: string]: Readonly<{ [key: string]: unknown }> }> = {
    labels: { labels: { team: "wire" } },
    machineType: { machineType: "e2-standard-4" },
    "a new run": { hyperparameters: { seconds: 2 } },
    debugMinutes: { debugMinutes: 1 },
    "an existing network": { network: "default", subnetwork: "default" },
};

const updates: Phase = async (moments, record) => {
    await ensureComplete(moments);
    for (const [change, config] of Object.entries(CHANGES)) {
        const title = `kill -9 during an update to ${change} at`;
        await interruptAll(moments, record, {
            title,
            from: "complete",
            moment: title,
            command: "up",
            how: "kill -9",
            delayMs: 1000,
            pattern: anyLine,
            config,
        });
    }
};

/** The requests that create resources, by a part of their path. */
const CREATIONS = {
    bucket: "/b?",
    object: "/upload/",
    repository: "/repositories?",
    "service account": "/serviceAccounts",
    "project grant": ":setIamPolicy",
    network: "/global/networks",
    subnetwork: "/subnetworks",
    instance: "/instances",
};

const responses: Phase = async (moments, record) => {
    await ensureEmpty(moments);
    for (const [what, part] of Object.entries(CREATIONS)) {
        for (const then of ["up", "destroy"] as const) {
            await record.run(`a lost response while the ${what} is created, then ${then}`, async () => {
                await moments.use("empty", "interrupted", async ({ project, plan }) => {
                    plan.replace([parseFaultRule(`kind=reset-after,port=main,method=POST,path=${part}`)]);
                    await problemOf(project.up());
                });
                return await repair(moments, "interrupted", then);
            });
        }
    }
};

/** All phases in the sweep. */
export const PHASES: Readonly<{ [name: string]: Phase }> = {
    create: creations("kill -9", 1500, false),
    delete: deletions,
    update: updates,
    "ctrl-c": creations("Ctrl-C twice", 1500, true),
    response: responses,
    network: creations("a lost network, then Ctrl-C twice", 1500, true),
    "create-early": creations("kill -9", 100, true),
    "create-late": creations("kill -9", 4000, true),
};

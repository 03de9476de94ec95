import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A call to a dynamic provider. */
export interface ProviderCall {
    /** The serialised provider, which is a dynamic resource's `__provider` input. */
    text: string;
    method: "create" | "update" | "delete" | "read" | "diff" | "check";
    /** Required by all methods except `create` and `check`. */
    id?: string;
    /** State before the call, for `update` and `diff`. */
    olds?: object;
    /** Resolved inputs, or the state for `delete` and `read`. */
    inputs: object;
    /** Stack config by full key, e.g. `gcp:accessToken`. */
    config: Record<string, string>;
    /** Working folder, if it is not the project folder. */
    cwd: string;
    /** Environment for the child process. @default the environment of this process */
    env?: NodeJS.ProcessEnv;
    /** Called for each line that the provider prints. */
    onLine: (stream: "stdout" | "stderr", line: string) => void;
    /** Kills the child process. */
    signal?: AbortSignal;
}

/** Result from `create`, `update` and `read`; `diff` returns `changes` and `replaces`. */
export interface ProviderResult {
    id?: string;
    outs?: Record<string, unknown>;
    props?: Record<string, unknown>;
    changes?: boolean;
    replaces?: string[];
}

type Answer = { result?: ProviderResult } | { error: string };

/**
 * Runs a serialised dynamic provider in a plain Node process, as Pulumi's engine does.
 *
 * @throws Error with the provider's message, or an error if the process was aborted or ended without a response
 */
export async function runProvider(call: ProviderCall): Promise<ProviderResult> {
    const { onLine, signal, cwd, env, ...request } = call;
    signal?.throwIfAborted();
    const child = fork(path.join(__dirname, "provider-host-child.js"), {
        cwd,
        env: env ?? process.env,
        execArgv: [],
        stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const kill = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", kill, { once: true });
    try {
        const lines = Promise.all([
            forwardLines(child.stdout, (line) => onLine("stdout", line)),
            forwardLines(child.stderr, (line) => onLine("stderr", line)),
        ]);
        const answer = await askOnce(child, request);
        await lines;
        signal?.throwIfAborted();
        if ("error" in answer) {
            throw new Error(answer.error);
        }
        return answer.result ?? {};
    } finally {
        signal?.removeEventListener("abort", kill);
    }
}

function askOnce(child: ChildProcess, request: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
        let answer: Answer | undefined;
        child.once("message", (message) => {
            answer = message as Answer;
        });
        child.once("error", reject);
        child.once("close", (code, killedBy) => {
            const end = killedBy ? `was killed by ${killedBy}` : `ended with exit code ${code}`;
            resolve(answer ?? { error: `The provider's process ${end} before it responded` });
        });
        child.send(request, (error) => {
            if (error) {
                reject(error);
            }
        });
    });
}

async function forwardLines(stream: Readable | null, onLine: (line: string) => void): Promise<void> {
    if (stream) {
        for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
            onLine(line);
        }
    }
}

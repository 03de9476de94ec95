import { serialiseProviders } from "../run/provider-texts";
import { FAULTS, kindOf } from "./rules";
import type { ProviderTexts } from "./small-run";
import { type Reference, recordReference, runTrial, type TrialResult } from "./trial";

// This is a sample of `npm run faults`. Every kind of fault occurs once, and the faults are spread over the requests of
// the VM, the trainer, the waiter and the collection of results.

const RUNS = "o?prefix=runs%2F";
const MODEL = `${RUNS}r-0123456789%2Fmodel%2F`;
const OBJECT = "name=runs%2Fr-0123456789%2F";

/** Faults that every client retries. Those of a group occur in the same run. */
const RETRIED = [
    [
        "kind=refuse,ms=500,port=main,method=GET,path=objects.json?",
        `kind=reset-before,port=vm,method=POST,path=${OBJECT}status.json`,
        `kind=status,status=408,port=vm,method=POST,path=${OBJECT}objects.json`,
        `kind=status,status=504,port=vm,method=GET,path=${MODEL}`,
    ],
    [
        `kind=reset-after,port=vm,method=POST,path=${OBJECT}status.json,request=2`,
        "kind=status,status=429,port=main,method=GET,path=status.json?alt=media",
        "kind=status,status=502,port=vm,method=GET,path=token",
        `kind=duplicate,port=vm,method=POST,path=${OBJECT}model%2Fmodel.json`,
    ],
    [
        "kind=status,status=500,port=vm,method=GET,path=iris.csv?fields",
        `kind=status,status=503,port=main,method=POST,path=${OBJECT}trainer.log`,
        "kind=delay,ms=2000,port=main,method=GET,path=/instances/iris-r-0123456789",
    ],
];

/** Faults after which a command may fail, provided that it says why and the next one succeeds. */
const REPORTED = [
    "kind=status,status=401,port=main,method=GET,path=objects.json?",
    "kind=half-body,port=vm,method=GET,path=iris.csv?alt=media",
    "kind=damaged-body,port=main,method=GET,path=model.json?alt=media",
    "kind=truncated-body,port=main,method=GET,path=objects.json?alt=media",
    "kind=empty-body,port=main,method=GET,path=model.json?alt=media",
    "kind=html,port=main,method=GET,path=report.html?alt=media",
    `kind=damaged-request,port=vm,method=POST,path=${OBJECT}model%2Fmodel.onnx`,
    "kind=wrong-hash,port=main,method=GET,path=status.json?alt=media",
];

let prepared: Promise<{ texts: ProviderTexts; reference: Reference }> | undefined;

async function trial(...rules: string[]): Promise<TrialResult> {
    prepared ??= serialiseProviders().then(async (texts) => ({ texts, reference: await recordReference(texts) }));
    const { texts, reference } = await prepared;
    return await runTrial(texts, reference, ...rules);
}

const concurrently = test.concurrent;

describe("a run with faults", () => {
    concurrently.each(RETRIED.map((rules) => [rules]))("is not affected by %j", async (rules) => {
        const { outcome, detail = "" } = await trial(...rules);
        expect([outcome, detail]).toEqual(["survived", ""]);
    });

    concurrently.each(REPORTED)("fails at most once, with an error that explains it, after %s", async (rule) => {
        const { outcome, detail = "" } = await trial(rule);
        expect(`${outcome}: ${detail}`).toMatch(/^(survived|failed clearly): /);
    });

    it("is tested with each kind exactly once", () => {
        const kinds = (rules: readonly string[]) => rules.map(kindOf).sort();

        expect(kinds([...RETRIED.flat(), ...REPORTED])).toEqual(kinds(FAULTS.map(({ rule }) => rule)));
    });
});

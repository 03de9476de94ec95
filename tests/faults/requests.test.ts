import { providerTexts } from "../run/provider-texts";
import { FAULTS, kindOf } from "./rules";
import { recordReference, runTrial } from "./trial";

// This is a sample of `npm run faults`, which breaks one request in each run. Here, several requests break in each run,
// so that four runs are enough for every kind of fault.

const RUNS = "o?prefix=runs%2F";
const MODEL = `${RUNS}r-0123456789%2Fmodel%2F`;
const OBJECT = "name=runs%2Fr-0123456789%2F";

const FAULTY_RUNS: Readonly<Record<string, readonly string[]>> = {
    "the boot script": [
        `kind=reset-before,port=vm,method=POST,path=${OBJECT}status.json`,
        `kind=reset-after,port=vm,method=POST,path=${OBJECT}status.json,request=3`,
        "kind=status,status=500,port=vm,method=GET,path=iris.csv?fields",
        "kind=status,status=502,port=vm,method=GET,path=token",
        `kind=truncated-body,port=vm,method=GET,path=${MODEL}`,
        `kind=status,status=408,port=vm,method=POST,path=${OBJECT}objects.json`,
    ],
    "the trainer": [
        "kind=half-body,port=vm,method=GET,path=iris.csv?alt=media",
        `kind=html,port=vm,method=POST,path=${OBJECT}model%2Fmetrics.json`,
        `kind=damaged-request,port=vm,method=POST,path=${OBJECT}model%2Fmodel.onnx`,
        `kind=half-body,port=vm,method=POST,path=${OBJECT}model%2Freport.html`,
        `kind=duplicate,port=vm,method=POST,path=${OBJECT}model%2Fmodel.json`,
    ],
    "the waiter": [
        "kind=refuse,ms=500,port=main,method=GET,path=status.json?",
        "kind=status,status=429,port=main,method=GET,path=status.json?alt=media",
        "kind=wrong-hash,port=main,method=GET,path=status.json?alt=media,request=3",
        "kind=status,status=504,port=main,method=GET,path=%2Flog%2F1%2F0",
        "kind=delay,ms=1000,port=main,method=GET,path=/instances/iris-r-0123456789",
    ],
    collecting: [
        "kind=status,status=401,port=main,method=GET,path=objects.json?",
        "kind=truncated-body,port=main,method=GET,path=objects.json?alt=media",
        "kind=empty-body,port=main,method=GET,path=metrics.json?alt=media",
        "kind=damaged-body,port=main,method=GET,path=model.json?alt=media",
        "kind=half-body,port=main,method=GET,path=model.onnx?alt=media",
        "kind=half-body,port=main,method=GET,path=report.html?alt=media",
        "kind=half-body,port=main,method=GET,path=trainer.log?",
        `kind=status,status=503,port=main,method=POST,path=${OBJECT}trainer.log`,
        `kind=half-body,port=main,method=POST,path=${OBJECT}manifest.json`,
        `kind=html,port=main,method=GET,path=${RUNS}&delimiter`,
    ],
};

describe("a run whose requests break", () => {
    const prepared = providerTexts().then(async (texts) => ({ texts, reference: await recordReference(texts) }));

    test.concurrent.each(Object.entries(FAULTY_RUNS))("produces the right model: %s", async (_, rules) => {
        const { texts, reference } = await prepared;
        const { outcome, detail = "" } = await runTrial(texts, reference, ...rules);
        expect([outcome, detail]).toEqual(["survived", ""]);
    });

    it("is tested with each kind of fault", () => {
        const kinds = (rules: readonly string[]) => [...new Set(rules.map(kindOf))].sort();

        expect(kinds(Object.values(FAULTY_RUNS).flat())).toEqual(kinds(FAULTS.map(({ rule }) => rule)));
    });
});

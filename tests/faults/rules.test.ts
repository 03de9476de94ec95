import { FaultPlan, parseFaultRule } from "../../emulator/src";
import { classOfTrial, placeOf, rulesFor, sample } from "./rules";
import type { SeenRequest } from "./small-run";

const BUCKET = "/storage/v1/b/some-bucket";
const STATUS = `${BUCKET}/o/runs%2Fr-1%2Fstatus.json`;
const REQUESTS: readonly SeenRequest[] = [
    `GET ${BUCKET}/iam?optionsRequestedPolicyVersion=3`,
    `PUT ${BUCKET}/iam`,
    `GET ${STATUS}?`,
    `GET ${BUCKET}/iam?optionsRequestedPolicyVersion=3`,
    `GET ${STATUS}?`,
    `GET ${STATUS}?alt=media&generation=1`,
    `GET ${BUCKET}/o?prefix=runs%2Fr-1%2Fmodel%2F`,
    `GET ${BUCKET}/o?prefix=runs%2F&delimiter=%2F`,
    `GET ${STATUS}?`,
    `GET ${BUCKET}/iam?optionsRequestedPolicyVersion=3`,
    `DELETE ${STATUS}?generation=1`,
    `DELETE ${BUCKET}`,
    `GET ${BUCKET}`,
].map((line) => {
    const [method = "", path = ""] = line.split(" ");
    return { port: "main", method, path };
});
const RULES = rulesFor(REQUESTS);

/** Returns the indexes of the requests that a rule breaks. */
function hitsOf(rule: string): number[] {
    const plan = new FaultPlan([parseFaultRule(rule)]);
    return REQUESTS.flatMap(({ port, method, path }, index) => (plan.next(port, method, path) ? [index] : []));
}

describe("the rules for a run", () => {
    it("hit every request; of equal requests, the first and the last, or the first two if they poll", () => {
        const ofOneKind = RULES.filter((rule) => rule.startsWith("kind=html,"));

        expect(ofOneKind.map(hitsOf)).toEqual([[0], [9], [1], [2], [4], [5], [6], [7], [10], [11], [12]]);
    });

    it("hit one request each", () => {
        expect(RULES.map(hitsOf).filter((hits) => hits.length !== 1)).toEqual([]);
    });

    it("are at the same place if they can hit the same requests", () => {
        expect(new Set(RULES.map(placeOf)).size).toBe(9);
    });
});

describe("a sample of the rules", () => {
    const classes = new Set(RULES.map(classOfTrial));

    it("has a trial of each class before a second one of any class", () => {
        const first = sample(RULES, classes.size, 1);

        expect(new Set(first.map(classOfTrial))).toEqual(classes);
    });

    it("has each kind of fault before any kind occurs twice", () => {
        const kinds = new Set(RULES.map((rule) => rule.replace(/,request=.*/, "")));
        const first = sample(RULES, kinds.size, 1);

        expect(new Set(first.map((rule) => rule.replace(/,request=.*/, "")))).toEqual(kinds);
    });
});

import { PROJECT_ID } from "./granted-stack";

/** Query and body for the routes that reject an empty request before they check who sent it. */
const REQUESTS: readonly (readonly [RegExp, { readonly query?: string; readonly body?: object }])[] = [
    [/\/b$/, { query: `project=${PROJECT_ID}`, body: { name: "own-bucket" } }],
    [/\/compose$/, { body: { sourceObjects: [{ name: "other/secret" }] } }],
    [/ \/upload\//, { query: "uploadType=media&name=x" }],
    [/:setIamPolicy$/, { body: { policy: { bindings: [] } } }],
    [
        /^PATCH .*serviceAccounts\/:account$/,
        { body: { serviceAccount: { displayName: "x" }, updateMask: "displayName" } },
    ],
    [/services\\:batchEnable$/, { body: { serviceIds: ["compute.googleapis.com"] } }],
    [/entries\\:write$/, { body: { logName: "projects/other-project/logs/x", entries: [{ textPayload: "x" }] } }],
    [/entries\\:list$/, { body: { resourceNames: [`projects/${PROJECT_ID}`] } }],
];

/**
 * Builds a request for a route. Where it matters, the request refers to existing resources in `GrantedStack` that do
 * not belong to the trainer.
 */
export function example(method: string, pattern: string): { target: string; body: unknown } {
    const values: Readonly<Record<string, string>> = {
        version: "v1",
        project: PROJECT_ID,
        bucket: "other-bucket",
        object: encodeURIComponent("other/secret"),
        location: "us-central1",
        repository: "others",
        zone: "us-central1-a",
        region: "us-central1",
        place: "us-central1-a",
    };
    const path = pattern.replace(/(?<!\\):(\w+)/g, (_match, name: string) => values[name] ?? "x").replaceAll("\\", "");
    const { query, body = {} } = REQUESTS.find(([known]) => known.test(`${method} ${pattern}`))?.[1] ?? {};
    return {
        target: query === undefined ? path : `${path}?${query}`,
        body: /^(POST|PATCH|PUT)$/.test(method) ? body : undefined,
    };
}

/** What the state of a stack keeps, and every `pulumi up` prints, of a list or an object among the metrics. Characters of JSON. */
const MAX_LENGTH = 4000;

/**
 * The metrics as an output of the stack: without long lists and objects, such as the confusion matrix of a thousand
 * classes, which would be megabytes in its state. `metrics.json` and the manifest have them.
 */
export function metricsForOutput(metrics: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(metrics).filter(([, value]) => JSON.stringify(value).length <= MAX_LENGTH),
    );
}

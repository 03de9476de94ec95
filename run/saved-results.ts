import * as pulumi from "@pulumi/pulumi";
import { savedResultsProvider } from "./saved-results-provider";

export interface SavedResultsArgs {
    /** Name of the bucket whose runs are to be kept. */
    bucket: pulumi.Input<string>;
    /** Name of the stack: results go to `<resultsDir>/<stack>/<runId>/`. */
    stack: pulumi.Input<string>;
    /** Folder for results, relative to the project folder. */
    resultsDir: pulumi.Input<string>;
}

/**
 * Stands between a bucket and its deletion: deleting it first saves every run that is not on this machine yet. A
 * download that fails stops the destroy; `DISCARD_RESULTS=1 pulumi destroy` lets the results go.
 */
export class SavedResults extends pulumi.dynamic.Resource {
    constructor(name: string, args: SavedResultsArgs, opts?: pulumi.CustomResourceOptions) {
        super(savedResultsProvider, name, { ...args }, opts);
    }
}

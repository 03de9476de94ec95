import type * as pulumi from "@pulumi/pulumi";
import { CachedResource } from "./cached-resource";
import { savedResultsProvider } from "./saved-results-provider";

export interface SavedResultsArgs {
    /** The name of the bucket whose runs are kept. */
    bucket: pulumi.Input<string>;
    /** Name of the stack: results go to `<resultsDir>/<stack>/<runId>/`. */
    stack: pulumi.Input<string>;
    /** Results folder, relative to the project folder. */
    resultsDir: pulumi.Input<string>;
    /** True to save the trainer's checkpoints as well. */
    saveCheckpoints?: pulumi.Input<boolean>;
}

/**
 * Saves every run that is not on this machine yet before the bucket is deleted. A failed download stops the destroy;
 * `DISCARD_RESULTS=1 pulumi destroy` discards the results.
 */
export class SavedResults extends CachedResource {
    constructor(name: string, args: SavedResultsArgs, opts?: pulumi.CustomResourceOptions) {
        super(savedResultsProvider, name, { ...args }, opts, "SavedResults");
    }
}

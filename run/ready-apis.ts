import type * as pulumi from "@pulumi/pulumi";
import { CachedResource } from "./cached-resource";
import { type ReadyApisInputs, readyApisProvider } from "./ready-apis-provider";

/** Arguments of `ReadyApis`. */
export type ReadyApisArgs = { [Key in keyof ReadyApisInputs]: pulumi.Input<ReadyApisInputs[Key]> };

/** Waits until APIs that have just been enabled accept requests, which can take several minutes. */
export class ReadyApis extends CachedResource {
    constructor(name: string, args: ReadyApisArgs, opts?: pulumi.CustomResourceOptions) {
        super(readyApisProvider, name, { ...args }, opts, "ReadyApis");
    }
}

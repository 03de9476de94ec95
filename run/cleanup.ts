import * as pulumi from "@pulumi/pulumi";
import { type CleanupInputs, cleanupProvider } from "./cleanup-provider";
import { resourceModule } from "./resource-types";

/** Arguments of `Cleanup`: the names under which the stack creates resources. */
export type CleanupArgs = { [Key in keyof CleanupInputs]: pulumi.Input<CleanupInputs[Key]> };

/**
 * Removes what carries the mark of its owner when it is deleted, whether or not the stack's state contains it. A
 * command that is interrupted while it creates a resource leaves one that the state does not contain. The resources of
 * a stack depend on its `Cleanup`, so it is deleted after them.
 */
export class Cleanup extends pulumi.dynamic.Resource {
    /** A random id, which resources carry as a label or in their description. */
    declare readonly owner: pulumi.Output<string>;

    constructor(name: string, args: CleanupArgs, opts?: pulumi.CustomResourceOptions) {
        super(cleanupProvider, name, { ...args, owner: undefined, places: undefined }, opts, resourceModule, "Cleanup");
    }
}

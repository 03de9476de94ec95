import * as pulumi from "@pulumi/pulumi";
import { CachedResource } from "./cached-resource";
import { type CleanupInputs, cleanupProvider } from "./cleanup-provider";
import { type Planned, type Planner, removeLeftovers } from "./leftovers";

/** Arguments for `Cleanup`: the names under which the stack creates resources. */
export type CleanupArgs = { [Key in keyof CleanupInputs]: pulumi.Input<CleanupInputs[Key]> };

/**
 * When deleted, removes every resource that carries its owner's mark, even one that is missing from the stack's state.
 * A command that is interrupted while it creates a resource leaves such a resource behind. The resources in a stack
 * depend on its `Cleanup`, so it is deleted after them.
 */
export class Cleanup extends CachedResource {
    /** A random id, which resources carry as a label or in their description. */
    declare readonly owner: pulumi.Output<string>;

    constructor(name: string, args: CleanupArgs, opts?: pulumi.CustomResourceOptions) {
        super(cleanupProvider, name, { ...args, owner: undefined, places: undefined }, opts, "Cleanup");
    }
}

/**
 * Options for a resource that `cleanup` removes, so that an interruption cannot leave the state out of step with Google
 * Cloud. `pulumi destroy` drops such a resource from the state without a request, and `cleanup` then deletes it. See
 * docs/adr/0012-interrupted-commands.md.
 */
export function owned(
    parent: pulumi.Resource,
    cleanup: Cleanup,
    hooks: pulumi.ResourceHookBinding = {},
): pulumi.CustomResourceOptions {
    return { parent, dependsOn: [cleanup], deletedWith: cleanup, ...(hasHooks() ? { hooks } : {}) };
}

/** Right before the resource is created, removes anything that an interrupted command left behind under these names. */
export function withoutLeftovers(cleanup: Cleanup, ...planned: readonly Planned[]): pulumi.ResourceHookBinding {
    return { beforeCreate: [async () => removeLeftovers(await plannerOf(cleanup), planned)] };
}

/** The owner of the stack's resources, and the gcp provider's config. */
export async function plannerOf(cleanup: Cleanup): Promise<Planner> {
    return { owner: await settled(cleanup.owner), config: gcpConfig };
}

/** A value in the gcp provider's config, by key, such as `gcp:accessToken`. */
export function gcpConfig(key: string): string | undefined {
    return new pulumi.Config("gcp").get(key.replace(/^gcp:/, ""));
}

/** Options that run a hook before the resource is created. */
export function beforeCreate(hook: pulumi.ResourceHookFunction): pulumi.CustomResourceOptions {
    return hasHooks() ? { hooks: { beforeCreate: [hook] } } : {};
}

/** The value of an output, once it is known. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
    return new Promise((resolve) => {
        output.apply(resolve);
    });
}

/** True unless the program runs on Pulumi's mocks, which do not implement hooks. */
export function hasHooks(): boolean {
    return Reflect.has(pulumi.runtime.getMonitor() ?? {}, "registerResourceHook");
}

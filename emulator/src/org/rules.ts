import { z } from "zod";

/** A boolean constraint: true if it is enforced. */
const enforced = z.boolean().optional();
/** A list constraint with the allowed values. An empty list allows nothing. */
const allowed = z.array(z.string()).optional();
/** A list constraint with the denied values. */
const denied = z.array(z.string()).optional();

/**
 * The constraints of an organization that the emulator enforces, without their prefix `constraints/`:
 * https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints
 */
const constraints = z.strictObject({
    "compute.disableSerialPortLogging": enforced,
    "compute.requireOsLogin": enforced,
    "compute.requireShieldedVm": enforced,
    /** Projects whose images may be used, in the form `projects/P`. */
    "compute.trustedImageProjects": allowed,
    /** Instances that may have an external address, in the form `projects/P/zones/Z/instances/N`. */
    "compute.vmExternalIpAccess": allowed,
    /** Required sampling rates. The emulator has no flow logs, so any list forbids new subnetworks. */
    "compute.requireVpcFlowLogs": allowed,
    /** Subnetworks in host projects, in the form `projects/P/regions/R/subnetworks/S`. */
    "compute.restrictSharedVpcSubnetworks": allowed,
    /** Locations such as `europe-west4`, in lower case. */
    "gcp.resourceLocations": allowed,
    /** Services whose resources need a customer-managed key, e.g. `storage.googleapis.com`. */
    "gcp.restrictNonCmekServices": denied,
    "iam.disableServiceAccountCreation": enforced,
    "storage.publicAccessPrevention": enforced,
    /** Allowed retention periods for deleted objects, in seconds. */
    "storage.softDeletePolicySeconds": z.array(z.int()).optional(),
    "storage.uniformBucketLevelAccess": enforced,
});

/** An organization's rules, as in the `--org` file. */
export const orgRules = z.strictObject({
    constraints: constraints.default({}),
    /** Limits by metric: https://cloud.google.com/compute/resource-usage. A metric that is not listed is unlimited. */
    quotas: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.int()).default({}),
    /** Zones without capacity, e.g. `us-central1-a`, or machine types in a zone, e.g. `us-central1-a/n1-standard-4`. */
    stockOuts: z.array(z.string()).default([]),
});

export type OrgRules = z.output<typeof orgRules>;
export type ConstraintName = keyof z.output<typeof constraints>;

/** @throws Error that names the invalid value */
export function parseOrgRules(text: string): OrgRules {
    const result = orgRules.safeParse(JSON.parse(text));
    if (!result.success) {
        const [issue] = result.error.issues;
        throw new Error(`${issue?.path.join(".") || "the file"}: ${issue?.message}`);
    }
    return result.data;
}

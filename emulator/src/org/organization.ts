import { ApiError } from "../http/errors";
import type { ConstraintName, OrgRules } from "./rules";

const NO_RULES: OrgRules = { constraints: {}, quotas: {}, stockOuts: [] };
const MORE =
    "See https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints for more information.";

/** The identifiers of a project that appear in error messages. */
interface ProjectName {
    readonly projectId: string;
    readonly projectNumber: string;
}

/** The parts of a new instance to which constraints apply. */
interface NewInstance {
    /** `projects/P/zones/Z/instances/N`. */
    readonly path: string;
    readonly secureBoot: boolean;
    readonly hasExternalAddress: boolean;
    readonly metadata: Readonly<Record<string, string>>;
    /** Project that contains the boot image. */
    readonly imageProject: string;
    readonly kmsKey: string | undefined;
    /** Path of the subnetwork. */
    readonly subnetwork: string;
}

/** The parts of a new or changed bucket to which constraints apply. */
interface BucketSettings {
    readonly location: string;
    readonly kmsKey: string | undefined;
    readonly softDeleteSeconds: string;
    readonly uniformAccess: boolean;
    readonly publicAccessPrevented: boolean;
}

/**
 * An organization's constraints, quotas and stock-outs. Each check fails with Google's status and text, as far as they
 * are known from public sources, which comments name. Without rules, nothing is refused.
 */
export class Organization {
    readonly #rules: OrgRules;

    constructor(rules: OrgRules = NO_RULES) {
        this.#rules = rules;
    }

    /** @throws ApiError 412 */
    checkInstance(project: ProjectName, instance: NewInstance): void {
        const { constraints } = this.#rules;
        const id = `projects/${project.projectId}`;
        this.#checkComputeLocation(instance.path.split("/")[3] ?? "", instance.path);
        if (constraints["compute.requireShieldedVm"] && !instance.secureBoot) {
            // https://github.com/hashicorp/packer/issues/7846
            const reason = `Secure Boot is not enabled in the 'shielded_instance_config' field. ${MORE}`;
            throw violated("compute.requireShieldedVm", id, reason);
        }
        const external = constraints["compute.vmExternalIpAccess"];
        if (external !== undefined && instance.hasExternalAddress && !external.includes(instance.path)) {
            // https://github.com/fortinet/fortigate-terraform-deploy/issues/34
            const reason = `Add instance ${instance.path} to the constraint to use external IP with it.`;
            throw violated("compute.vmExternalIpAccess", project.projectNumber, reason);
        }
        const trusted = constraints["compute.trustedImageProjects"];
        if (trusted !== undefined && !trusted.includes(`projects/${instance.imageProject}`)) {
            // https://cloud.google.com/batch/docs/troubleshooting, section "Constraint violated for trusted images"
            const reason = `Use of images from project ${instance.imageProject} is prohibited.`;
            throw violated("compute.trustedImageProjects", project.projectId, reason);
        }
        const logsSerialPort = /^(true|1|yes)$/i.test(instance.metadata["serial-port-logging-enable"] ?? "");
        if (constraints["compute.disableSerialPortLogging"] && logsSerialPort) {
            // No public source shows the end of the sentence.
            const reason = `The metadata key 'serial-port-logging-enable' must not be true. ${MORE}`;
            throw violated("compute.disableSerialPortLogging", id, reason);
        }
        const login = instance.metadata["enable-oslogin"];
        if (constraints["compute.requireOsLogin"] && login !== undefined && !/^true$/i.test(login)) {
            // No public source shows the end of the sentence.
            const reason = `The metadata key 'enable-oslogin' must be true. ${MORE}`;
            throw violated("compute.requireOsLogin", id, reason);
        }
        const subnetworks = constraints["compute.restrictSharedVpcSubnetworks"];
        const isShared = !instance.subnetwork.startsWith(`${id}/`);
        if (subnetworks !== undefined && isShared && !subnetworks.includes(instance.subnetwork)) {
            // No public source shows the end of the sentence.
            const reason = `Resource ${instance.subnetwork} is not allowed. ${MORE}`;
            throw violated("compute.restrictSharedVpcSubnetworks", id, reason);
        }
        if (this.#needsKey("compute.googleapis.com", instance.kmsKey)) {
            // https://github.com/hashicorp/terraform-provider-google/issues/13701
            const text = `Constraint constraints/gcp.restrictNonCmekServices violated for project ${project.projectId} attempting to create a resource not protected by CMEK crypto key.`;
            throw new ApiError(412, "conditionNotMet", text);
        }
    }

    /** @throws ApiError 412. @param path `projects/P/regions/R/subnetworks/S` */
    checkSubnetwork(path: string): void {
        const [, project = "", , region = ""] = path.split("/");
        this.#checkComputeLocation(region, path);
        if (this.#rules.constraints["compute.requireVpcFlowLogs"] !== undefined) {
            // https://github.com/GoogleCloudPlatform/cloud-foundation-fabric/issues/3637 shows the start of the
            // sentence; no public source shows its end.
            throw violated(
                "compute.requireVpcFlowLogs",
                `projects/${project}`,
                `VPC Flow Logs are not enabled. ${MORE}`,
            );
        }
    }

    /** @throws ApiError 412 */
    checkBucket(bucket: BucketSettings): void {
        const { constraints } = this.#rules;
        const locations = constraints["gcp.resourceLocations"];
        const location = bucket.location.toLowerCase();
        if (locations !== undefined && !locations.includes(location)) {
            // https://github.com/GoogleCloudDataproc/spark-bigquery-connector/issues/231
            throw refusedByStorage(`'${location}' violates constraint 'constraints/gcp.resourceLocations'`);
        }
        const retention = constraints["storage.softDeletePolicySeconds"];
        if (retention !== undefined && !retention.includes(Number(bucket.softDeleteSeconds))) {
            // The wording follows that of gcp.resourceLocations.
            const value = bucket.softDeleteSeconds;
            throw refusedByStorage(`'${value}' violates constraint 'constraints/storage.softDeletePolicySeconds'`);
        }
        const broken = (
            [
                ["storage.uniformBucketLevelAccess", bucket.uniformAccess],
                ["storage.publicAccessPrevention", bucket.publicAccessPrevented],
            ] as const
        ).find(([name, holds]) => constraints[name] && !holds)?.[0];
        if (broken !== undefined) {
            // The terraform provider prints "Error 412: Request violates constraint
            // 'constraints/storage.uniformBucketLevelAccess', conditionNotMet".
            throw refusedByStorage(`Request violates constraint 'constraints/${broken}'`);
        }
        if (this.#needsKey("storage.googleapis.com", bucket.kmsKey)) {
            // No public source shows the text; the wording follows that of Cloud Storage's other constraints.
            throw refusedByStorage("Request violates constraint 'constraints/gcp.restrictNonCmekServices'");
        }
    }

    /**
     * Checks a repository or a secret.
     * @param service "artifactregistry.googleapis.com" or "secretmanager.googleapis.com"
     * @throws ApiError 400
     */
    checkResource(service: string, projectId: string, location: string, kmsKey: string | undefined): void {
        const locations = this.#rules.constraints["gcp.resourceLocations"];
        if (locations !== undefined && !locations.includes(location)) {
            // No public source shows the text for these services.
            throw refused(
                `Constraint 'constraints/gcp.resourceLocations' violated for 'projects/${projectId}': '${location}' is not allowed.`,
            );
        }
        this.checkKey(service, projectId, kmsKey);
    }

    /** Checks the key of a resource that may be in any location. @throws ApiError 400 */
    checkKey(service: string, projectId: string, kmsKey: string | undefined): void {
        if (this.#needsKey(service, kmsKey)) {
            // https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/2344, for another
            // service
            throw refused(
                `Failed precondition: Constraint \`constraints/gcp.restrictNonCmekServices\` violated for \`projects/${projectId}\` attempting to create a resource without specifying a KMS CryptoKey.`,
            );
        }
    }

    /** @throws ApiError 400: https://cloud.google.com/iam/docs/troubleshoot-org-policies */
    checkServiceAccount(projectId: string): void {
        if (this.#rules.constraints["iam.disableServiceAccountCreation"]) {
            const description = "Service account creation is not allowed on this project.";
            throw refused(description, [
                {
                    "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
                    violations: [
                        {
                            type: "constraints/iam.disableServiceAccountCreation",
                            subject: `projects/${projectId}/serviceAccounts/?configvalue=`,
                            description,
                        },
                    ],
                },
            ]);
        }
    }

    /** Returns a quota's limit if usage would exceed it. */
    exceededQuota(metric: string, use: number): number | undefined {
        const limit = this.quota(metric);
        return limit !== undefined && use > limit ? limit : undefined;
    }

    /** Returns the limit of a metric, or undefined if it is unlimited. */
    quota(metric: string): number | undefined {
        return this.#rules.quotas[metric];
    }

    /** Tests whether a zone lacks capacity for a machine type. */
    isStockedOut(zone: string, machineType: string): boolean {
        return [zone, `${zone}/${machineType}`].some((place) => this.#rules.stockOuts.includes(place));
    }

    #needsKey(service: string, kmsKey: string | undefined): boolean {
        return (
            kmsKey === undefined && this.#rules.constraints["gcp.restrictNonCmekServices"]?.includes(service) === true
        );
    }

    /** @param location a zone or region */
    #checkComputeLocation(location: string, path: string): void {
        const locations = this.#rules.constraints["gcp.resourceLocations"];
        const region = location.replace(/-[a-z]$/, "");
        if (locations !== undefined && !locations.includes(location) && !locations.includes(region)) {
            // https://github.com/cloudfoundry/bosh-bootloader/issues/513
            const text = `Location ${location} violates constraint constraints/gcp.resourceLocations on the resource ${path}.`;
            throw new ApiError(412, "conditionNotMet", text);
        }
    }
}

/** @param project the name of the project in the form that this constraint uses */
function violated(constraint: ConstraintName, project: string, reason: string): ApiError {
    const text = `Constraint constraints/${constraint} violated for project ${project}. ${reason}`;
    return new ApiError(412, "conditionNotMet", text);
}

function refusedByStorage(message: string): ApiError {
    return new ApiError(412, "conditionNotMet", message, { location: "If-Match", locationType: "header" });
}

function refused(message: string, details?: readonly object[]): ApiError {
    const more = details === undefined ? {} : { details };
    return new ApiError(400, "failedPrecondition", message, { status: "FAILED_PRECONDITION", ...more });
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, owned, withoutLeftovers } from "../../run/cleanup";
import { parseSecretVersion } from "../../run/secret-version";

export interface SecretsArgs {
    /** Google Cloud project id. */
    project: string;
    /** Region in which the values are stored; they are not replicated to any other. */
    region: pulumi.Input<string>;
    /** First part of the secrets' names; the variable's name follows. */
    secretPrefix: string;
    labels: pulumi.Input<Record<string, string>>;
    /** Cloud KMS key of the secrets; `""` for none. */
    kmsKey: string;
    /** Values by variable name. Each one becomes a secret. */
    values: Readonly<Record<string, pulumi.Input<string>>>;
    /** Full names of existing versions by variable name. */
    existing: Readonly<Record<string, string>>;
    /** `serviceAccount:<email>` of the account that reads the versions; if undefined, nothing is granted. */
    reader: pulumi.Input<string> | undefined;
    cleanup: Cleanup;
}

/**
 * The container's secret variables, as versions in Secret Manager. A changed value becomes a new version, and Pulumi
 * destroys the old one. The VM's account may read exactly these versions.
 */
export class Secrets extends pulumi.ComponentResource {
    /** Full version names by variable name. They are part of the run id, and the VM receives them. */
    readonly versions: pulumi.Output<Record<string, string>>;
    /** Resources that must exist before the VM starts. */
    readonly grants: pulumi.Resource[];

    constructor(name: string, args: SecretsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:Secrets", name, {}, opts);
        const { project, cleanup, kmsKey } = args;
        const customerManagedEncryption = kmsKey ? { kmsKeyName: kmsKey } : undefined;
        const replica = { location: args.region, customerManagedEncryption };
        const created = Object.entries(args.values).map(([variable, value]) => {
            const secretId = `${args.secretPrefix}-${variable}`;
            const secret = new gcp.secretmanager.Secret(
                `${name}-${variable}`,
                {
                    project,
                    secretId,
                    labels: args.labels,
                    replication: { userManaged: { replicas: [replica] } },
                },
                owned(this, cleanup, withoutLeftovers(cleanup, { kind: "secret", project, name: secretId })),
            );
            const version = new gcp.secretmanager.SecretVersion(
                `${name}-${variable}-value`,
                { secret: secret.id, secretData: pulumi.secret(value) },
                { ...owned(this, cleanup), additionalSecretOutputs: ["secretData"] },
            );
            return { variable, secret, version };
        });
        this.grants =
            args.reader === undefined
                ? []
                : [
                      ...created.map(
                          ({ variable, secret }) =>
                              new gcp.secretmanager.SecretIamMember(
                                  `${name}-${variable}-reader`,
                                  { project, secretId: secret.secretId, role: ROLE, member: args.reader ?? "" },
                                  owned(this, cleanup),
                              ),
                      ),
                      ...[...new Set(Object.values(args.existing))].map((existing) => {
                          const { project: holder, secret, version } = parseSecretVersion(existing);
                          return new gcp.secretmanager.SecretIamMember(
                              `${name}-${holder}-${secret}-${version}-reader`,
                              {
                                  project: holder,
                                  secretId: secret,
                                  role: ROLE,
                                  member: args.reader ?? "",
                                  condition: {
                                      title: `gcp-trainer-version-${version}`,
                                      expression: isVersion(version),
                                  },
                              },
                              owned(this, cleanup),
                          );
                      }),
                  ];
        // The program needs only the version's name, which is not secret. In a preview that cannot determine the
        // version's number, the name is unknown.
        const names = created.map(({ variable, version }) => [variable, version.name] as const);
        this.versions = pulumi.output({ ...args.existing, ...Object.fromEntries(names) });
        this.registerOutputs();
    }
}

const ROLE = "roles/secretmanager.secretAccessor";

/**
 * A condition that matches the version by the end of its name, because the full name contains the project's number,
 * which the program does not know.
 */
function isVersion(version: string): string {
    return `resource.name.endsWith("/versions/${version}")`;
}

import * as docker from "@pulumi/docker";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { copyBuildContext } from "../build-context";
import { platformOf } from "../machine-types";

export interface TrainerImageArgs {
    /** Google Cloud project id. */
    project: pulumi.Input<string>;
    /** Region of the VM. */
    region: pulumi.Input<string>;
    repositoryName: string;
    labels: pulumi.Input<Record<string, string>>;
    /** Folder with the Dockerfile, whose copy is the build context. */
    trainer: string;
    /** Name of the job, which its copy is kept by. */
    component: string;
    /** Build args of the Dockerfile. */
    buildArgs: pulumi.Input<Record<string, string>>;
    /** Machine type of the VM, which decides between amd64 and arm64. */
    machineType: pulumi.Input<string>;
    dependsOn: pulumi.Resource[];
}

/** The trainer's image: built from its folder, pushed to a repository of its own, known by its digest. */
export class TrainerImage extends pulumi.ComponentResource {
    readonly repository: gcp.artifactregistry.Repository;
    readonly image: docker.Image;
    /** `<registryUri>/trainer@sha256:...` */
    readonly reference: pulumi.Output<string>;
    /** `sha256:...` */
    readonly digest: pulumi.Output<string>;

    constructor(name: string, args: TrainerImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:TrainerImage", name, {}, opts);
        this.repository = new gcp.artifactregistry.Repository(
            `${name}-repository`,
            {
                project: args.project,
                location: args.region,
                repositoryId: args.repositoryName,
                format: "DOCKER",
                description: "Trainer images of one gcp-trainer job",
                // A build takes the tag from the one before it, which then only costs money.
                cleanupPolicyDryRun: false,
                cleanupPolicies: [
                    {
                        id: "delete-untagged",
                        action: "DELETE",
                        condition: { tagState: "UNTAGGED", olderThan: "604800s" },
                    },
                ],
                labels: args.labels,
            },
            { parent: this, dependsOn: args.dependsOn },
        );
        const context = copyBuildContext(process.cwd(), args.trainer, {
            stack: pulumi.getStack(),
            component: args.component,
        });
        const client = gcp.organizations.getClientConfigOutput({ parent: this });
        this.image = new docker.Image(
            name,
            {
                imageName: pulumi.interpolate`${this.repository.registryUri}/trainer:current`,
                build: {
                    context,
                    dockerfile: `${context}/Dockerfile`,
                    platform: pulumi.output(args.machineType).apply(platformOf),
                    args: args.buildArgs,
                },
                // A new token at every run: the provider leaves user name and password out of its comparison.
                registry: {
                    server: this.repository.registryUri.apply((uri) => uri.split("/")[0] ?? uri),
                    username: "oauth2accesstoken",
                    password: pulumi.secret(client.accessToken),
                },
                buildOnPreview: false,
                skipPush: false,
            },
            { parent: this },
        );
        this.reference = this.image.repoDigest;
        this.digest = this.reference.apply(digestOf);
        this.registerOutputs();
    }
}

/** @throws Error for a reference without digest: a tag says nothing about what is trained. */
function digestOf(reference: string): string {
    const digest = reference.split("@")[1];
    if (digest === undefined) {
        throw new Error(`The trainer's image must be pushed and have a digest; got ${JSON.stringify(reference)}`);
    }
    return digest;
}

import {
    batchJobType,
    cleanupType,
    readyApisType,
    savedResultsType,
    trainingRunType,
} from "../../../run/resource-types";
import type { CreateResource } from "../rehearsal-context";
import { bucket } from "./bucket";
import { bucketObject } from "./bucket-object";
import { dynamic } from "./dynamic";
import { bucketIamMember, projectIamMember, repositoryIamMember, secretIamMember, topicIamMember } from "./iam-member";
import { image } from "./image";
import { instance } from "./instance";
import { firewall, network, subnetwork } from "./network";
import { subscription, topic } from "./pubsub";
import { repository } from "./repository";
import { secret, secretVersion } from "./secret";
import { service } from "./service";
import { serviceAccount } from "./service-account";

/** Functions that create a resource in the emulator, by Pulumi's type token. */
export const resourceTypes: Readonly<Record<string, CreateResource>> = {
    "docker:index/image:Image": image,
    "gcp:artifactregistry/repository:Repository": repository,
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": repositoryIamMember,
    "gcp:compute/firewall:Firewall": firewall,
    "gcp:compute/instance:Instance": instance,
    "gcp:compute/network:Network": network,
    "gcp:compute/subnetwork:Subnetwork": subnetwork,
    "gcp:projects/iAMMember:IAMMember": projectIamMember,
    "gcp:projects/service:Service": service,
    "gcp:pubsub/subscription:Subscription": subscription,
    "gcp:pubsub/topic:Topic": topic,
    "gcp:pubsub/topicIAMMember:TopicIAMMember": topicIamMember,
    "gcp:secretmanager/secret:Secret": secret,
    "gcp:secretmanager/secretIamMember:SecretIamMember": secretIamMember,
    "gcp:secretmanager/secretVersion:SecretVersion": secretVersion,
    "gcp:serviceaccount/account:Account": serviceAccount,
    "gcp:storage/bucket:Bucket": bucket,
    "gcp:storage/bucketIAMMember:BucketIAMMember": bucketIamMember,
    "gcp:storage/bucketObject:BucketObject": bucketObject,
    [trainingRunType]: dynamic,
    [savedResultsType]: dynamic,
    [cleanupType]: dynamic,
    [batchJobType]: dynamic,
    [readyApisType]: dynamic,
};

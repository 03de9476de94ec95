import { vmId } from "../guest/vm-id";
import { ProcessVm, type ProcessVmOptions } from "../process/process-vm";
import { EngineContainers } from "./engine-containers";
import { findDocker } from "./find-docker";

/** A VM in the `docker` runtime: a {@link ProcessVm} whose containers run in this machine's Docker engine. */
export class ContainerVm extends ProcessVm {
    /** @throws Error if the docker command is not found */
    constructor(options: ProcessVmOptions) {
        const docker = findDocker();
        super(options, {
            runtime: "docker",
            containers: new EngineContainers(docker, vmId(options.dir)),
            environment: { EMULATOR_DOCKER: docker },
        });
    }
}

import { vmId } from "../guest/vm-id";
import { ProcessVm, type ProcessVmOptions } from "../process/process-vm";
import { EngineContainers, LABELS } from "./engine-containers";
import { findDocker } from "./find-docker";

/** A VM in the `docker` runtime: a {@link ProcessVm} whose containers run in this machine's Docker engine. */
export class ContainerVm extends ProcessVm {
    /** @param dataId id of the emulator's data folder @throws Error if the docker command is not found */
    constructor(options: ProcessVmOptions, dataId: string) {
        const docker = findDocker();
        super(options, {
            runtime: "docker",
            containers: new EngineContainers(docker, `${LABELS.vm}=${vmId(options.dir)}`),
            environment: { EMULATOR_DOCKER: docker, EMULATOR_DATA_ID: dataId },
            docker,
        });
    }
}

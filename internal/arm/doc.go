// Package arm is the protocol of Azure Resource Manager: addresses, versions,
// entity tags, lists with filters and pages, and the error envelope. It knows
// nothing of the resources that are managed by it.
//
// Long-running operations are done at once: a create answers 201 and an update
// 200, both with provisioningState Succeeded, a delete answers 204, and the
// pollers of Azure's clients take each of them as the end.
package arm

package daemon

// What the settings can take away for a while, as the program's output "suspended" names it.
const (
	signIn  = "signIn"
	signing = "signing"
)

// The settings that suspend it.
const (
	signInSetting  = "identity.signInSuspended"
	signingSetting = "identity.signingSuspended"
)

// suspensions report what is suspended without a lockdown.
func (d *Daemon) suspensions() (all []string) {
	if d.lockedDown() {
		return nil
	}
	suspended := d.suspended()
	if suspended[signIn] {
		all = append(all, "sign-in is suspended, so nobody gets an identity token; an update without "+signInSetting+" ends it")
	}
	if suspended[signing] {
		all = append(all, "signing is suspended, so nobody acquires a seat; an update without "+signingSetting+" ends it")
	}
	return all
}

// suspended lists what the settings suspend on purpose, so that it does not look like a
// fault. A state that cannot be read suspends nothing.
func (d *Daemon) suspended() map[string]bool {
	is := map[string]bool{}
	if d.options.Outputs == nil {
		return is
	}
	outputs, err := d.options.Outputs()
	if err != nil {
		d.log.Warn("cannot read what the settings suspend", "error", err)
		return is
	}
	names, _ := outputs["suspended"].([]any)
	for _, name := range names {
		if text, ok := name.(string); ok {
			is[text] = true
		}
	}
	return is
}
